/** Archives of models that were cut, changed, or made to do harm: each is refused whole, or is the model it was. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { memoryStorage } from '../../../src/adapters/memory/memory-storage'
import { fromUtf8, utf8 } from '../../../src/core/bytes'
import { isMillwrightError } from '../../../src/core/errors'
import type { ModelPackage } from '../../../src/ports/model'
import { exportModel, importModel, ModelRegistry } from '../../../src/registry'
import { readZip } from '../../../src/registry/zip-reader'
import { writeZip } from '../../../src/registry/zip-writer'
import { hostileSample, isFull, sample, times } from '../../support/effort'

const limits = { maxBytes: 1 << 24, maxFiles: 100_000, maxRatio: 200 }
const model: ModelPackage = {
  flavor: 'own',
  task: 'other',
  signature: { inputs: [], outputs: [] },
  files: { 'a.bin': utf8('weights'), 'deep/b.txt': utf8('x'.repeat(80)) },
}

async function archive(): Promise<{ readonly bytes: Uint8Array; readonly digest: string; readonly files: Record<string, Uint8Array> }> {
  const registry = new ModelRegistry({ storage: memoryStorage() })
  const { digest } = await registry.register('flights', model, { metrics: { accuracy: 0.5 }, tags: { a: 'b' }, description: 'd' })
  const bytes = await exportModel(registry, 'flights')
  return { bytes, digest, files: Object.fromEntries(await readZip(bytes, limits)) }
}

/** Places in an archive: all of them in the full run, else `count` of them. */
function placesIn(bytes: Uint8Array, count: number): readonly number[] {
  return sample(
    Array.from(bytes, (_, at) => at),
    count,
    104,
  )
}

/** Imports into an empty store: the digest, or the error and a store that is still empty. */
async function imported(bytes: Uint8Array): Promise<{ readonly digest?: string; readonly code?: string; readonly message: string }> {
  const storage = memoryStorage()
  try {
    const version = await importModel(new ModelRegistry({ storage }), bytes)
    return { digest: version.digest, message: '' }
  } catch (error) {
    if (!isMillwrightError(error)) throw error
    expect((await storage.list()).objects).toEqual([])
    return { code: error.code, message: error.message }
  }
}

describe('importModel', () => {
  it('refuses an archive that ends at any byte before its end', async () => {
    const { bytes } = await archive()
    for (const length of placesIn(bytes, 60)) expect((await imported(bytes.slice(0, length))).code).toBe('Corrupt')
  })

  it('refuses an archive with any byte changed, or takes the same model from it', async () => {
    const { bytes, digest } = await archive()
    let taken = 0
    for (const at of placesIn(bytes, 24)) {
      for (const by of [1, 0xff]) {
        const changed = bytes.slice()
        changed[at] = (changed[at] as number) ^ by
        const result = await imported(changed)
        if (result.digest === undefined) continue
        expect(result.digest).toBe(digest)
        taken++
      }
    }
    // Times, versions and a few flags mean nothing.
    expect(taken).toBeGreaterThan(0)
    expect(taken).toBeLessThan(bytes.length)
  })

  it('refuses an archive with a byte put in or left out, or takes the same model from it', async () => {
    const { bytes, digest } = await archive()
    for (const at of placesIn(bytes, 60).filter((place) => place % 3 === 0)) {
      const more = new Uint8Array([...bytes.slice(0, at), 0, ...bytes.slice(at)])
      const less = new Uint8Array([...bytes.slice(0, at), ...bytes.slice(at + 1)])
      for (const changed of [more, less]) expect([undefined, digest]).toContain((await imported(changed)).digest)
    }
  })

  it('refuses bytes before, between and after the files', async () => {
    const { bytes } = await archive()
    const garbage = utf8('#!/bin/sh\nexit\n')
    expect((await imported(new Uint8Array([...garbage, ...bytes]))).code).toBe('Corrupt')
    expect((await imported(new Uint8Array([...bytes, ...garbage]))).code).toBe('Corrupt')
    expect((await imported(shifted(bytes, garbage))).message).toContain('prepended data')
    expect((await imported(twoEnds(bytes))).message).toContain('multiple end of central directory')
  })

  it('takes any JSON for the facts of an archive, and registers nothing from what is wrong', async () => {
    const { files, digest } = await archive()
    const junk: unknown[] = [
      null,
      0,
      -1,
      1e300,
      '',
      'x',
      '../x',
      [],
      [null],
      [1],
      {},
      { a: 1 },
      { path: '../x' },
      { __proto__: null },
      true,
    ]
    let refused = 0
    let tried = 0
    for (const path of ['archive.json', 'millwright.json']) {
      const facts = JSON.parse(fromUtf8(files[path] as Uint8Array)) as Record<string, unknown>
      const changes = Object.keys(facts).flatMap((key) => junk.map((value) => ({ ...facts, [key]: value })))
      for (const changed of sample<unknown>([...junk, ...changes], 24, 105)) {
        tried++
        const result = await imported(await writeZip({ ...files, [path]: utf8(JSON.stringify(changed)) }))
        if (result.digest === undefined) refused++
        else if (changed !== null && typeof changed === 'object' && 'fingerprint' in changed && changed.fingerprint !== '') {
          expect(result.digest).toBe(digest)
        }
      }
    }
    expect(refused).toBeGreaterThan(isFull ? 150 : tried / 3)
  })

  it('refuses files under hostile names, or keeps them as they are', async () => {
    for (const name of hostileSample(103).filter((path) => utf8(path).length < 60_000)) {
      const held = { ...model, files: Object.fromEntries([...Object.entries(model.files), [name, utf8('hostile')]]) }
      const registry = new ModelRegistry({ storage: memoryStorage() })
      const version = await registry.register('flights', held).catch((error: unknown) => {
        expect(isMillwrightError(error, 'InvalidArgument')).toBe(true)
      })
      if (version === undefined) continue
      const other = new ModelRegistry({ storage: memoryStorage() })
      await importModel(other, await exportModel(registry, 'flights'))
      expect((await other.openModel('flights')).package.files).toEqual(held.files)
    }
  })
})

describe('readZip', () => {
  it('gives an archive in an archive as bytes, however far it would unpack', async () => {
    let inner = await writeZip({ zeros: new Uint8Array(100_000) })
    for (let depth = 0; depth < 5; depth++) inner = await writeZip({ [`level-${depth}.zip`]: inner })
    const files = await readZip(inner, limits)
    expect([...files.keys()]).toEqual(['level-4.zip'])
  })

  it('counts files before it looks at one', async () => {
    const count = times(150, 20_000)
    const many = await writeZip(Object.fromEntries(Array.from({ length: count }, (_, i) => [`f${i}`, new Uint8Array()])))
    await expect(readZip(many, { ...limits, maxFiles: count / 2 })).rejects.toMatchObject({ code: 'InvalidArgument' })
    expect((await readZip(many, limits)).size).toBe(count)
  })

  it('refuses what unpacks to more than is taken, in all and by ratio', async () => {
    const zeros = await writeZip({ a: new Uint8Array(3 << 20), b: new Uint8Array(3 << 20) })
    await expect(readZip(zeros, { ...limits, maxRatio: 1e6, maxBytes: 5 << 20 })).rejects.toMatchObject({ code: 'InvalidArgument' })
    await expect(readZip(zeros, limits)).rejects.toThrow(/times its size/)
    expect((await readZip(zeros, { ...limits, maxRatio: 1e6 })).size).toBe(2)
  })
})

/** The archive behind other bytes, its offsets told so that every file is found. */
function shifted(bytes: Uint8Array, before: Uint8Array): Uint8Array {
  const moved = new Uint8Array([...before, ...bytes])
  const view = new DataView(moved.buffer)
  const end = moved.length - 22
  const start = view.getUint32(end + 16, true) + before.length
  view.setUint32(end + 16, start, true)
  for (let at = start; view.getUint32(at, true) === 0x02014b50; at += 46 + view.getUint16(at + 28, true)) {
    view.setUint32(at + 42, view.getUint32(at + 42, true) + before.length, true)
  }
  return moved
}

/** The archive with its end record once more, in the comment of the first. */
function twoEnds(bytes: Uint8Array): Uint8Array {
  const end = bytes.slice(-22)
  const both = new Uint8Array([...bytes, ...end])
  new DataView(both.buffer).setUint16(bytes.length - 2, 22, true)
  return both
}

describe('archives packed again by ordinary tools', () => {
  const folder = join(import.meta.dirname, '../../fixtures/archives')

  it.each(readdirSync(folder).filter((name) => name.endsWith('.zip')))('%s is the model it was', async (name) => {
    const bytes = new Uint8Array(readFileSync(join(folder, name)))
    const registry = new ModelRegistry({ storage: memoryStorage() })
    const version = await importModel(registry, bytes)
    expect([version.name, version.metrics, version.digest]).toEqual(['flights', { accuracy: 0.5 }, (await archive()).digest])
    const { files } = (await registry.openModel('flights')).package
    expect(Object.keys(files)).toEqual(['a.bin', 'deep/b.txt'])
  })

  it.each(readdirSync(folder).filter((name) => name.endsWith('.zip')))(
    '%s with a byte changed is refused, or the model it was',
    async (name) => {
      const bytes = new Uint8Array(readFileSync(join(folder, name)))
      const { digest } = await archive()
      for (let at = 0; at < bytes.length; at += times(101, 23)) {
        const changed = bytes.slice()
        changed[at] = (changed[at] as number) ^ 0xff
        const result = await imported(changed)
        if (result.digest !== undefined) expect(result.digest).toBe(digest)
      }
    },
  )

  it.each(['zip-r.zip', 'zip64.zip'])('%s is held to the limits', async (name) => {
    const bytes = new Uint8Array(readFileSync(join(folder, name)))
    await expect(readZip(bytes, { ...limits, maxBytes: 50 })).rejects.toThrow(/unpacks to/)
    await expect(readZip(bytes, { ...limits, maxFiles: 3 })).rejects.toThrow(/holds \d files, at most 3/)
  })
})
