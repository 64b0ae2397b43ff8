import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { fsStorage } from '../../../src/adapters/fs/fs-storage'
import { memoryStorage } from '../../../src/adapters/memory/memory-storage'
import { memoryTracker } from '../../../src/adapters/memory/memory-tracker'
import { createRng } from '../../../src/core/random'
import { concat, type Dataset, DatasetStore, fingerprint, fromColumns, fromRows, sort, withColumn } from '../../../src/dataset'
import { createTracker, ModelRegistry } from '../../../src/index'
import { withReadOnly } from '../../../src/layers'
import { logisticRegression } from '../../../src/learn'
import type { ObjectStore } from '../../../src/ports/object-store'
import { manualClock } from '../../../src/testing'
import { propertySeed, times } from '../../support/effort'

const folder = mkdtempSync(join(tmpdir(), 'millwright-versions-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let stores = 0

const storages: Readonly<Record<string, () => ObjectStore>> = {
  memoryStorage: () => memoryStorage(),
  fsStorage: () => fsStorage({ root: join(folder, String(++stores)), fsync: false }),
}

/** 4,000 rows of every column type, with missing cells. */
function table(rows = 4000, seed = 1): Dataset {
  const rng = createRng(seed)
  const cells = Array.from({ length: rows }, (_, i) => i)
  return fromColumns(
    {
      id: cells,
      amount: cells.map(() => (rng.int(50) === 0 ? null : rng.next() * 100)),
      city: cells.map(() => (rng.int(40) === 0 ? null : `city ${rng.int(300)} \u{1f600}`)),
      isLate: cells.map(() => (rng.int(30) === 0 ? null : rng.int(2) === 1)),
      at: cells.map((i) => new Date(1.7e12 + i * 60_000)),
    },
    { types: { id: 'int32', amount: 'float64', city: 'string', isLate: 'boolean' } },
  ) as unknown as Dataset
}

const small = { chunkRows: 64, chunkBytes: 512 }
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

describe.each(Object.entries(storages))('DatasetStore over %s', (_, make) => {
  it('gives back what was committed, by number, tag and newest', async () => {
    const store = new DatasetStore({ storage: make(), ...small })
    const [one, two] = [table(300), table(310, 2)]
    const first = await store.commit('flights', one, { message: 'January', tags: ['prod'], metadata: { source: 'bts' }, runId: 'r1' })
    expect(first).toMatchObject({ reference: 'flights@1', version: 1, isNew: true, numRows: 300, tags: ['prod'], message: 'January' })
    expect(first.digest).toBe(fingerprint(one))
    await store.commit('flights', two, { parents: ['flights@1'] })
    expect(fingerprint(await store.load('flights@1'))).toBe(fingerprint(one))
    expect(fingerprint(await store.load('flights@prod'))).toBe(fingerprint(one))
    expect(fingerprint(await store.load('flights'))).toBe(fingerprint(two))
    expect(fingerprint(await store.load('flights@latest'))).toBe(fingerprint(two))
    expect((await store.load('flights', { columns: ['city', 'id'] })).columnNames).toEqual(['city', 'id'])
    expect(await store.list()).toEqual(['flights'])
    expect((await store.versions('flights')).map(({ reference, tags, parents }) => [reference, tags, parents])).toEqual([
      ['flights@1', ['prod'], []],
      ['flights@2', [], ['flights@1']],
    ])
    expect(await store.verify()).toEqual([])
  })

  it('keeps files, and reads one or all', async () => {
    const store = new DatasetStore({ storage: make(), ...small })
    const big = new Uint8Array(20_000).map((_, i) => (i * 31 + (i >> 8)) % 251)
    const version = await store.commit(
      'images',
      new Map<string, Uint8Array | string>([
        ['b/big.bin', big],
        ['a.txt', 'hello'],
        ['empty', ''],
      ]),
    )
    expect(version).toMatchObject({ kind: 'files', fileCount: 3, sizeBytes: 20_005, numRows: undefined })
    expect((await store.files('images')).map(({ path, sizeBytes }) => [path, sizeBytes])).toEqual([
      ['a.txt', 5],
      ['b/big.bin', 20_000],
      ['empty', 0],
    ])
    expect(await store.readFile('images@1', 'b/big.bin')).toEqual(big)
    const all = new Map<string, number>()
    for await (const [path, bytes] of store.readFiles('images')) all.set(path, bytes.length)
    expect([...all]).toEqual([
      ['a.txt', 5],
      ['b/big.bin', 20_000],
      ['empty', 0],
    ])
    await expect(store.load('images')).rejects.toThrow('load: images@1 holds files, not a table')
    await expect(store.readFile('images', 'x')).rejects.toThrow('images@1 has no file "x"')
    const changed = await store.commit('images', { 'a.txt': 'hello', 'b/big.bin': Uint8Array.of(7, ...big), new: 'n' })
    expect(changed.newBytes).toBeLessThan(3000)
    const { files, isSame } = await store.diff('images@1', 'images@2')
    expect([
      isSame,
      files?.added.map(({ path }) => path),
      files?.removed.map(({ path }) => path),
      files?.changed.map(({ path }) => path),
      files?.unchanged,
    ]).toEqual([false, ['new'], ['empty'], ['b/big.bin'], 1])
  })

  it('of two that commit at once loses nothing', async () => {
    const storage = make()
    const all = Array.from({ length: 8 }, (_, i) =>
      new DatasetStore({ storage, ...small }).commit('d', table(50, i + 1), { message: String(i) }),
    )
    const done = await Promise.all(all)
    expect(done.map(({ version }) => version).sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    const store = new DatasetStore({ storage })
    for (const { version, message } of done)
      expect(fingerprint(await store.load(`d@${version}`))).toBe(fingerprint(table(50, Number(message) + 1)))
    const races = await Promise.allSettled([10, 11, 12].map((seed) => store.commit('d', table(50, seed), { expectedLatest: 8 })))
    expect(races.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(races.flatMap((race) => (race.status === 'rejected' ? [race.reason.code] : []))).toEqual(['Conflict', 'Conflict'])
    expect(await storage.list({ prefix: 'datasets/commits/' })).toMatchObject({ objects: [] })
  })
})

describe('chunks', () => {
  it('are shared when rows are appended, inserted or removed, or one column changes', async () => {
    const store = new DatasetStore({ storage: memoryStorage(), chunkRows: 256 })
    const base = table(8000)
    const { newBytes: all } = await store.commit('d', base)
    const share = async (next: Dataset): Promise<number> => (await store.commit('d', next)).newBytes / all
    expect(await share(concat([base, table(80, 9)]) as Dataset)).toBeLessThan(0.15)
    expect(await share(concat([base.slice(0, 3000), table(1, 9), base.slice(3000)]) as Dataset)).toBeLessThan(0.25)
    expect(await share(concat([base.slice(0, 3000), base.slice(3001)]) as Dataset)).toBeLessThan(0.25)
    expect(
      await share(
        withColumn(
          base,
          'amount',
          base
            .column('amount')
            .toArray()
            .map((x) => Number(x) + 1),
        ) as Dataset,
      ),
    ).toBeLessThan(0.5)
    expect((await store.commit('other', base)).newBytes).toBe(0)
  })

  it('that are the same make no new version', async () => {
    const store = new DatasetStore({ storage: memoryStorage() })
    await store.commit('d', table(30))
    expect(await store.commit('d', table(30), { tags: ['again'] })).toMatchObject({
      version: 1,
      isNew: false,
      newChunks: 0,
      tags: ['again'],
    })
    await store.commit('d', table(31))
    expect(await store.commit('d', table(30))).toMatchObject({ version: 3, isNew: true, newChunks: 0 })
  })

  it('round-trip any table', async () => {
    const cell = fc.oneof(fc.double(), fc.constant(null), fc.constant(-0), fc.integer())
    const text = fc.option(fc.string({ unit: 'binary', maxLength: 8 }), { nil: null })
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(cell, text, fc.option(fc.boolean(), { nil: null })), { maxLength: times(120, 400) }),
        async (rows) => {
          const data = fromRows(
            rows.map(([x, t, b]) => ({ x, t, b })),
            { columns: ['x', 't', 'b'], types: { x: 'float64', t: 'string', b: 'boolean' } },
          )
          const store = new DatasetStore({ storage: memoryStorage(), chunkRows: 16 })
          await store.commit('d', data)
          const again = await store.load('d')
          expect(fingerprint(again)).toBe(fingerprint(data))
          expect(again.column('t').toArray()).toEqual(data.column('t').toArray())
        },
      ),
      { seed: propertySeed, numRuns: times(8, 1000) },
    )
  })
})

describe('tags', () => {
  it('move by compare-and-set, and keep a version from being removed', async () => {
    const store = new DatasetStore({ storage: memoryStorage() })
    for (const seed of [1, 2, 3]) await store.commit('d', table(10, seed))
    await store.tag('d@1', 'prod', { expected: null })
    await expect(store.tag('d@2', 'prod', { expected: null })).rejects.toThrow(
      '"prod" of "d" was expected at no version, it is at version 1',
    )
    await store.tag('d@2', 'prod', { expected: 1 })
    expect((await store.version('d@prod')).version).toBe(2)
    await expect(store.remove('d@2')).rejects.toMatchObject({ code: 'Conflict', message: 'remove: d@2 is tagged "prod"' })
    await store.untag('d', 'prod')
    await store.remove('d@3')
    await expect(store.load('d@3')).rejects.toThrow('load: the dataset "d" has no version 3: it was removed')
    expect((await store.version('d')).version).toBe(2)
    expect((await store.commit('d', table(10, 4))).version).toBe(4)
    await expect(store.load('d@prod')).rejects.toThrow('the dataset "d" has no tag "prod": there are versions 1 to 4')
    await expect(store.load('nope')).rejects.toThrow('load: memoryStorage has no dataset "nope"')
  })
})

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

describe('gc', () => {
  const chunkCount = async (storage: ObjectStore): Promise<number> => (await storage.list({ prefix: 'datasets/chunks/' })).objects.length

  it('deletes what nothing needs, in two phases, and nothing else', async () => {
    const clock = manualClock(1_000_000)
    const storage = memoryStorage({ clock })
    const store = new DatasetStore({ storage, clock, graceMs: 1000, ...small })
    await store.commit('d', table(300))
    const kept = await chunkCount(storage)
    await store.commit('d', table(300, 2))
    await store.remove('d@2')
    const all = await chunkCount(storage)
    expect(await store.gc()).toMatchObject({ deleted: 0, condemned: 0 })
    await clock.advance(1000)
    expect(await store.gc()).toMatchObject({ deleted: 0, condemned: all - kept })
    await clock.advance(999)
    expect(await store.gc({ dryRun: true })).toMatchObject({ deleted: 0 })
    await clock.advance(1)
    expect(await store.gc({ dryRun: true })).toMatchObject({ deleted: all - kept })
    expect(await chunkCount(storage)).toBe(all)
    expect(await store.gc()).toMatchObject({ chunks: all, deleted: all - kept, condemned: 0, isDeferred: false })
    expect(await chunkCount(storage)).toBe(kept)
    expect(await store.verify()).toEqual([])
    expect(await store.gc({ graceMs: 0 })).toMatchObject({ deleted: 0 })
  })

  it('deletes nothing while a commit is under way, which uses what was condemned', async () => {
    const clock = manualClock(1_000_000)
    const storage = memoryStorage({ clock })
    const open = (put = storage.put): DatasetStore => new DatasetStore({ storage: { ...storage, put }, clock, graceMs: 1000, ...small })
    await open().commit('d', table(300))
    await open().remove('d@1')
    await clock.advance(1000)
    expect((await open().gc()).condemned).toBeGreaterThan(0)
    await clock.advance(1000)
    // The collection runs at the worst moment: all chunks were found to be there, the version is not written yet.
    const reports: unknown[] = []
    const late = open(async (key, bytes, options) => {
      if (key.startsWith('datasets/versions/')) reports.push(await open().gc())
      return storage.put(key, bytes, options)
    })
    await late.commit('d', table(300))
    expect(reports).toMatchObject([{ deleted: 0, isDeferred: true }])
    expect(await open().verify()).toEqual([])
    expect(fingerprint(await open().load('d'))).toBe(fingerprint(table(300)))
    expect(await open().gc({ graceMs: 0 })).toMatchObject({ deleted: 0, isDeferred: false })
  })

  it('makes a commit that begins meanwhile wait; what is deleted is written again', async () => {
    const clock = manualClock(1_000_000)
    const storage = memoryStorage({ clock })
    const order: string[] = []
    let late: Promise<unknown> | undefined
    const remove: ObjectStore['delete'] = async (key, options) => {
      if (key.startsWith('datasets/chunks/')) {
        late ??= new DatasetStore({ storage, clock, ...small }).commit('d', table(300)).then(() => order.push('committed'))
        await Promise.resolve()
        order.push('deleted')
      }
      await storage.delete(key, options)
    }
    const store = new DatasetStore({ storage: { ...storage, delete: remove }, clock, graceMs: 1000, ...small })
    await store.commit('d', table(300))
    await store.remove('d@1')
    const { deleted } = await store.gc({ graceMs: 0 })
    expect(deleted).toBeGreaterThan(0)
    for (let i = 0; i < 20; i++) {
      await new Promise((resolve) => setImmediate(resolve))
      await clock.advance(1000)
    }
    await late
    expect(order).toEqual([...Array.from({ length: deleted }, () => 'deleted'), 'committed'])
    expect(await store.verify()).toEqual([])
  })

  it('is not held up by a commit that was killed, nor a commit by a collection that was', async () => {
    const clock = manualClock(1_000_000)
    const storage = memoryStorage({ clock })
    const store = new DatasetStore({ storage, clock, graceMs: 1000, ...small })
    await storage.put('datasets/commits/0123.json', bytesOf('{"formatVersion":1,"id":"0123","renewedAt":1000000,"lifeMs":1000}'))
    await storage.put('datasets/sweep.json', bytesOf('{"formatVersion":1,"id":"x","renewedAt":900000,"lifeMs":60000}'))
    await storage.put(`datasets/chunks/ab/${'0'.repeat(62)}`, bytesOf('left over'))
    await store.commit('d', table(20))
    await clock.advance(999)
    expect(await store.gc({ graceMs: 0 })).toMatchObject({ deleted: 0, isDeferred: true })
    await clock.advance(1)
    expect(await store.gc()).toMatchObject({ deleted: 0, condemned: 1, isDeferred: false })
    await clock.advance(1000)
    expect(await store.gc()).toMatchObject({ deleted: 1, isDeferred: false })
    expect((await storage.list({ prefix: 'datasets/' })).objects.map(({ key }) => key).filter((key) => /commits|sweep/.test(key))).toEqual(
      [],
    )
  })
})

describe('damage', () => {
  it('is found and named: chunks, versions, tags', async () => {
    const storage = memoryStorage()
    const store = new DatasetStore({ storage, ...small })
    await store.commit('d', table(100), { tags: ['t'] })
    await store.commit('d', table(100, 2))
    const [chunk, other] = (await storage.list({ prefix: 'datasets/chunks/' })).objects
    await storage.put(chunk?.key ?? '', bytesOf('x'))
    await storage.delete(other?.key ?? '')
    const problems = await store.verify()
    expect(problems.map(({ key, message }) => [key, /damaged|lost/.exec(message)?.[0]])).toEqual([
      [chunk?.key, 'damaged'],
      [other?.key, 'lost'],
    ])
    await storage.put(
      'datasets/versions/d/00000002.json',
      bytesOf('{"formatVersion":1,"kind":"table","name":"d","version":2,"columns":[{"name":5}]}'),
    )
    await expect(store.load('d@2')).rejects.toMatchObject({
      code: 'Corrupt',
      message: expect.stringMatching(/^datasets\/versions\/d\/00000002\.json is damaged: `/),
    })
    await storage.put('datasets/versions/d/00000002.json', bytesOf('{"formatVersion":9,"kind":"table"}'))
    await expect(store.load('d@2')).rejects.toMatchObject({ code: 'Unsupported' })
    await expect(store.gc()).rejects.toMatchObject({ code: 'Unsupported' })
    await storage.put('datasets/tags/d/t.json', bytesOf('{"formatVersion":1,"tag":"t","version":"1","movedAt":0}'))
    await expect(store.load('d@t')).rejects.toThrow('datasets/tags/d/t.json is damaged: `version`')
  })
})

describe('misuse', () => {
  it('is refused with what is allowed', async () => {
    const storage = memoryStorage()
    const store = new DatasetStore({ storage })
    const data = table(5)
    // biome-ignore-start lint/suspicious/noExplicitAny: callers without types
    expect(() => new DatasetStore('x' as any)).toThrow('write new DatasetStore({ storage: fsStorage({ root: "x" }) })')
    expect(() => new DatasetStore({} as any)).toThrow('DatasetStore needs `storage`')
    expect(() => new DatasetStore({ storage, chunkrows: 1 } as any)).toThrow('`chunkrows` is not an option of DatasetStore')
    await expect(store.commit('a@b', data)).rejects.toThrow('the name of a dataset must not hold @')
    await expect(store.commit('../x', data)).rejects.toMatchObject({ code: 'InvalidArgument' })
    await expect(store.commit('d', Promise.resolve(data) as any)).rejects.toThrow('did you forget `await`?')
    await expect(store.commit('d', 5 as any)).rejects.toThrow('commit takes a Dataset, or files by path, got 5')
    await expect(store.commit('d', { '../x': 'a' })).rejects.toMatchObject({ code: 'InvalidArgument' })
    await expect(
      store.commit('d', [
        ['a', 'b'],
        ['a', 'c'],
      ]),
    ).rejects.toThrow('the file "a" is given twice')
    await expect(store.commit('d', data, { msg: 'x' } as any)).rejects.toThrow('`msg` is not an option of commit')
    await expect(store.commit('d', data, { tags: ['latest'] })).rejects.toThrow('the tag "latest" is reserved')
    await expect(store.commit('d', data, { parents: ['raw@1'] })).rejects.toThrow('has no dataset "raw"')
    await expect(store.load('d@0')).rejects.toThrow('a version is a whole number from 1')
    await expect(store.load(undefined as any)).rejects.toThrow(
      "load takes a reference such as 'name@3', 'name@tag' or 'name', got undefined",
    )
    await expect(new DatasetStore({ storage: withReadOnly(storage) }).commit('d', data)).rejects.toMatchObject({
      code: expect.stringMatching(/Unsupported|PermissionDenied/),
    })
    // biome-ignore-end lint/suspicious/noExplicitAny: callers without types
    expect(await store.list()).toEqual([])
    expect((await storage.list({ prefix: 'datasets/commits/' })).objects).toEqual([])
  })

  it('an abort leaves nothing but chunks, and gives the reason', async () => {
    const storage = memoryStorage()
    const store = new DatasetStore({ storage, ...small })
    const controller = new AbortController()
    const seen: unknown[] = []
    const aborted = store.commit('d', table(3000), {
      signal: controller.signal,
      onProgress: (event) => {
        seen.push(event)
        controller.abort(new Error('enough'))
      },
    })
    await expect(aborted).rejects.toThrow('enough')
    expect(seen[0]).toMatchObject({ phase: 'chunk', total: 15_000, unit: 'rows' })
    expect(await store.list()).toEqual([])
    expect((await storage.list({ prefix: 'datasets/commits/' })).objects).toEqual([])
  })
})

describe('lineage', () => {
  it('goes from raw data to runs and models', async () => {
    const storage = memoryStorage()
    const store = new DatasetStore({ storage })
    const tracker = createTracker({ backend: memoryTracker() })
    const registry = new ModelRegistry({ storage })
    await store.commit('raw', table(60, 3))
    const data = fromRows(Array.from({ length: 40 }, (_, i) => ({ x: i, y: i < 20 ? 'a' : 'b' })))
    const version = await store.commit('clean', data, { runId: 'cleaning', parents: ['raw'] })
    const loaded = await store.load(version.reference)
    const runId = await tracker.run({}, async (run) => {
      run.logInput(loaded, { context: 'training', digest: version.digest })
      await registry.register('model', logisticRegression().fit(data, { target: 'y' }), { run })
      return run.runId
    })
    expect(await store.lineage('clean', { tracker, registry })).toEqual({
      ...{ reference: 'clean@1', madeBy: 'cleaning', parents: ['raw@1'], children: [], readBy: [runId], models: ['model@1'] },
    })
    expect(await store.lineage('raw@1')).toMatchObject({ children: ['clean@1'], readBy: [], models: [] })
    await tracker.close()
  })
})

it('an unsorted and a sorted table are two versions of the same rows', async () => {
  const store = new DatasetStore({ storage: memoryStorage(), ...small })
  const data = table(200)
  await store.commit('d', data)
  await store.commit('d', sort(data, 'amount') as Dataset)
  expect((await store.diff('d@1', 'd@2', { key: 'id' })).rows).toMatchObject({ added: 0, removed: 0, changed: 0, unchanged: 200 })
})
