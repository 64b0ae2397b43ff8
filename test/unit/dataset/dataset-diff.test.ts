import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { memoryStorage } from '../../../src/adapters/memory/memory-storage'
import { DatasetStore, fromRows } from '../../../src/dataset'
import { propertySeed, times } from '../../support/effort'

describe('diff', () => {
  it('tells rows by key, schema and statistics', async () => {
    const store = new DatasetStore({ storage: memoryStorage() })
    const before = fromRows([
      { id: 1, mass: 10, kind: 'a' },
      { id: 2, mass: 20, kind: 'b' },
      { id: 3, mass: null, kind: 'c' },
    ])
    const after = fromRows([
      { id: 4, mass: 40, kind: 'd', extra: true },
      { id: 2, mass: 21, kind: 'b', extra: true },
      { id: 1, mass: 10, kind: 'a', extra: false },
    ])
    await store.commit('p', before)
    await store.commit('p', after)
    const diff = await store.diff('p@1', 'p@2', { key: 'id' })
    expect(diff.rows).toEqual({
      ...{ before: 3, after: 3, key: ['id'], added: 1, removed: 1, changed: 1, unchanged: 1 },
      addedRows: [{ id: 4, mass: 40, kind: 'd', extra: true }],
      removedRows: [{ id: 3, mass: null, kind: 'c' }],
      changedRows: [{ key: { id: 2 }, cells: [{ column: 'mass', before: 20, after: 21 }] }],
    })
    expect(diff.schema).toEqual({
      added: [{ name: 'extra', type: 'boolean', required: true }],
      removed: [],
      changed: [
        { name: 'mass', before: { name: 'mass', type: 'int32', required: false }, after: { name: 'mass', type: 'int32', required: true } },
      ],
    })
    expect(diff.columns.map(({ name, isSame, changedCells }) => [name, isSame, changedCells])).toEqual([
      ['id', false, undefined],
      ['mass', false, 1],
      ['kind', false, 0],
      ['extra', false, undefined],
    ])
    expect(String(diff)).toContain('p@1 → p@2: rows: 1 added, 1 removed, 1 changed; 4 of 4 columns differ; schema: 1 added, 1 changed')
    expect(String(diff)).toMatch(/Rows changed\nkey +column +before +after\nid=2 +mass +20 +21/)
    const hook = diff as unknown as Record<symbol, () => Record<string, string>>
    expect(hook[Symbol.for('Jupyter.display')]?.()['text/markdown']).toContain('| extra | added |  | boolean |')
    const plain = await store.diff('p@1', 'p@2')
    expect(plain.rows).toMatchObject({ before: 3, after: 3, added: undefined })
    expect(String(await store.diff('p@2', 'p@2'))).toBe('p@2 → p@2: no difference')
  })

  it('sees cells of a row that moved, also where a column as a whole is the same', async () => {
    const store = new DatasetStore({ storage: memoryStorage() })
    await store.commit(
      'd',
      fromRows([
        { id: 1, x: 'a' },
        { id: 2, x: 'b' },
      ]),
    )
    await store.commit(
      'd',
      fromRows([
        { id: 2, x: 'a' },
        { id: 1, x: 'b' },
      ]),
    )
    const { rows, columns } = await store.diff('d@1', 'd@2', { key: ['id'] })
    expect([rows?.changed, columns.find(({ name }) => name === 'x')]).toMatchObject([2, { isSame: true, changedCells: 2 }])
  })

  it('agrees with comparing row by row', async () => {
    const row = fc.record({ id: fc.integer({ min: 0, max: 12 }), x: fc.option(fc.integer({ min: 0, max: 2 }), { nil: null }) })
    const rows = fc.uniqueArray(row, { selector: ({ id }) => id, maxLength: 10 })
    await fc.assert(
      fc.asyncProperty(rows, rows, async (old, now) => {
        const store = new DatasetStore({ storage: memoryStorage(), chunkRows: 16 })
        const options = { columns: ['id', 'x'], types: { id: 'int32', x: 'int32' } } as const
        await store.commit('a', fromRows(old, options))
        await store.commit('b', fromRows(now, options))
        const { rows: found } = await store.diff('a', 'b', { key: 'id' })
        const was = new Map(old.map(({ id, x }) => [id, x]))
        expect(found?.added).toBe(now.filter(({ id }) => !was.has(id)).length)
        expect(found?.removed).toBe(old.filter(({ id }) => !now.some((one) => one.id === id)).length)
        expect(found?.changed).toBe(now.filter(({ id, x }) => was.has(id) && was.get(id) !== x).length)
      }),
      { seed: propertySeed, numRuns: times(30, 1000) },
    )
  })

  it('refuses a key that does not tell rows apart', async () => {
    const store = new DatasetStore({ storage: memoryStorage() })
    await store.commit(
      'd',
      fromRows([
        { id: 1, x: 1 },
        { id: 1, x: 2 },
        { id: null, x: 3 },
      ]),
    )
    await store.commit(
      'd',
      fromRows([
        { id: 1, x: 1 },
        { id: null, x: 2 },
      ]),
    )
    await expect(store.diff('d@1', 'd@2', { key: 'id' })).rejects.toThrow('diff: the key "id" of d@1 is the same in rows 0 and 1')
    await expect(store.diff('d@2', 'd@1', { key: 'id' })).rejects.toThrow('diff: the key "id" of d@2 is missing in row 1')
    await expect(store.diff('d@1', 'd@2', { key: 'nope' })).rejects.toThrow('diff: the key "nope" is no column of d@1')
  })
})
