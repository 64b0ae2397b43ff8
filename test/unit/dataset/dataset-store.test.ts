import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { fsStorage } from '../../../src/adapters/fs/fs-storage'
import { memoryStorage } from '../../../src/adapters/memory/memory-storage'
import { memoryTracker } from '../../../src/adapters/memory/memory-tracker'
import { concat, type Dataset, DatasetStore, fingerprint, fromRows, sort, withColumn } from '../../../src/dataset'
import { createTracker, ModelRegistry } from '../../../src/index'
import { withReadOnly } from '../../../src/layers'
import { logisticRegression } from '../../../src/learn'
import type { ObjectStore } from '../../../src/ports/object-store'
import { propertySeed, times } from '../../support/effort'
import { small, table } from '../../support/version-table'

const folder = mkdtempSync(join(tmpdir(), 'millwright-versions-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let stores = 0

const storages: Readonly<Record<string, () => ObjectStore>> = {
  memoryStorage: () => memoryStorage(),
  fsStorage: () => fsStorage({ root: join(folder, String(++stores)), fsync: false }),
}

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
