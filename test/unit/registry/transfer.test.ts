import { deflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { memoryStorage } from '../../../src/adapters/memory/memory-storage'
import { utf8 } from '../../../src/core/bytes'
import { crc32 } from '../../../src/core/crc32'
import { isMillwrightError } from '../../../src/core/errors'
import type { ModelPackage } from '../../../src/ports/model'
import { copyVersion, exportModel, importModel, ModelRegistry, metricAtLeast } from '../../../src/registry'
import { readZip } from '../../../src/registry/zip-reader'
import { writeZip } from '../../../src/registry/zip-writer'
import { hostileSample, times } from '../../support/effort'

const limits = { maxBytes: 1 << 24, maxFiles: 100, maxRatio: 200 }

function model(content = 'x'): ModelPackage {
  return {
    flavor: 'own',
    task: 'classification',
    classes: ['no', 'yes'],
    signature: { inputs: [{ name: 'größe', type: 'float64' }], outputs: [{ name: 'y', type: 'string' }] },
    files: { 'model.bin': utf8(content), 'deep/zeros.bin': new Uint8Array(5000) },
    metadata: { note: content },
  }
}

async function failure(work: () => unknown): Promise<{ readonly code: string; readonly message: string }> {
  try {
    await work()
  } catch (error) {
    if (isMillwrightError(error)) return error
    throw error
  }
  throw new Error('it did not fail')
}

/** A central directory and local headers made by hand, so that every field may lie. */
function handMade(
  entries: readonly {
    readonly name: string | Uint8Array
    readonly localName?: string
    readonly data?: Uint8Array
    readonly size?: number
    readonly method?: number
    readonly mode?: number
    readonly flags?: number
    readonly offset?: number
    readonly crc?: number
  }[],
): Uint8Array {
  const bytes: Buffer[] = []
  const directory: Buffer[] = []
  let at = 0
  for (const { name, localName, data = new Uint8Array(), size, method = 0, mode = 0o100644, flags = 0x800, offset, crc = 0 } of entries) {
    const named = Buffer.from(name)
    const local = Buffer.alloc(30)
    local.writeUInt32LE(0x04034b50, 0)
    local.writeUInt16LE(flags, 6)
    local.writeUInt16LE(method, 8)
    const localNamed = Buffer.from(localName ?? name)
    local.writeUInt16LE(localNamed.length, 26)
    const central = Buffer.alloc(46)
    central.writeUInt32LE(0x02014b50, 0)
    central.writeUInt16LE((3 << 8) | 20, 4)
    central.writeUInt16LE(flags, 8)
    central.writeUInt16LE(method, 10)
    central.writeUInt32LE(crc, 16)
    central.writeUInt32LE(data.length, 20)
    central.writeUInt32LE(size ?? data.length, 24)
    central.writeUInt16LE(named.length, 28)
    central.writeUInt32LE((mode << 16) >>> 0, 38)
    central.writeUInt32LE(offset ?? at, 42)
    bytes.push(local, localNamed, Buffer.from(data))
    directory.push(central, named)
    at += 30 + localNamed.length + data.length
  }
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(entries.length, 8)
  end.writeUInt16LE(entries.length, 10)
  const list = Buffer.concat(directory)
  end.writeUInt32LE(list.length, 12)
  end.writeUInt32LE(at, 16)
  return new Uint8Array(Buffer.concat([...bytes, list, end]))
}

describe('copyVersion', () => {
  it('keeps digest, lineage, metrics, tags and example, and leaves the promotion to the other registry', async () => {
    const dev = new ModelRegistry({ storage: memoryStorage(), user: 'ada' })
    const prod = new ModelRegistry({ storage: memoryStorage(), user: 'bob' })
    await dev.register('flights', model('other'))
    const made = await dev.register('flights', model(), {
      metrics: { accuracy: 0.9, odd: Number.NaN },
      run: { runId: 'r1', experimentId: '7' },
      dataset: { name: 'train', fingerprint: 'abc' },
      description: 'größe',
      tags: { team: 'ops' },
      example: [{ größe: 1.5 }, { größe: null }],
    })
    await dev.setAlias('flights', 'champion', made)
    const version = await copyVersion(dev, 'flights@champion', prod, { name: 'live' })
    expect([version.name, version.version, version.digest, version.user]).toEqual(['live', '1', made.digest, 'bob'])
    expect([version.metrics, version.tags, version.description]).toEqual([made.metrics, made.tags, made.description])
    expect(version.lineage).toEqual({ ...made.lineage, origin: { name: 'flights', version: '2', createdAt: made.createdAt } })
    expect(await prod.readFile('live@1', 'input_example.json')).toEqual(await dev.readFile('flights@2', 'input_example.json'))
    expect((await prod.openModel('live')).package).toEqual((await dev.openModel('flights@2')).package)
    expect((await prod.promote('live', version, 'champion', { gates: [metricAtLeast('accuracy', 0.8)] })).aliases).toEqual(['champion'])
    // Where it came from first stays where it is copied on.
    expect((await copyVersion(prod, 'live', new ModelRegistry({ storage: memoryStorage() }))).lineage.origin).toEqual(
      version.lineage.origin,
    )
  })

  it('refuses what is no longer what was registered', async () => {
    const storage = memoryStorage()
    const dev = new ModelRegistry({ storage })
    const { modelId } = await dev.register('flights', model())
    await storage.put(`mlruns/0/models/${modelId}/artifacts/model.bin`, utf8('y'))
    const prod = new ModelRegistry({ storage: memoryStorage() })
    expect((await failure(() => copyVersion(dev, 'flights', prod))).code).toBe('Corrupt')
    expect(await prod.listModels()).toEqual([])
  })
})

describe('exportModel and importModel', () => {
  it('make one archive, the same for the same version, and the version of it', async () => {
    const dev = new ModelRegistry({ storage: memoryStorage() })
    const made = await dev.register('flights', model(), { metrics: { accuracy: 0.9 }, example: [{ größe: 1 }], tags: { a: 'b' } })
    const bytes = await exportModel(dev, 'flights@1')
    expect(await exportModel(dev, 'flights')).toEqual(bytes)
    // 5,000 zeros are deflated.
    expect(bytes.length).toBeLessThan(3500)
    const prod = new ModelRegistry({ storage: memoryStorage() })
    const version = await importModel(prod, bytes)
    expect([version.name, version.digest, version.metrics, version.tags]).toEqual(['flights', made.digest, made.metrics, made.tags])
    expect((await prod.openModel('flights')).package).toEqual((await dev.openModel('flights')).package)
    expect((await importModel(prod, bytes, { name: 'other' })).name).toBe('other')
  })

  it('refuse archives that are cut short, changed anywhere, or none', async () => {
    const dev = new ModelRegistry({ storage: memoryStorage() })
    await dev.register('flights', model())
    const bytes = await exportModel(dev, 'flights')
    const prod = new ModelRegistry({ storage: memoryStorage() })
    for (const length of [0, 1, 21, 22, 100, bytes.length - 1]) {
      expect((await failure(() => importModel(prod, bytes.slice(0, length)))).code).toBe('Corrupt')
    }
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: bytes.length - 1 }), fc.integer({ min: 1, max: 255 }), async (at, by) => {
        const changed = bytes.slice()
        changed[at] = (changed[at] as number) ^ by
        // Some bytes (times, versions) mean nothing; no change may alter the model.
        await importModel(prod, changed, { name: 'flights' }).then(
          async (version) => expect(version.digest).toBe((await dev.getVersion('flights', 1)).digest),
          (error) => expect(isMillwrightError(error)).toBe(true),
        )
      }),
      { numRuns: times(40, 150), seed: 7 },
    )
    expect((await failure(() => importModel(prod, 'text' as never))).code).toBe('InvalidArgument')
    const empty = await writeZip({})
    expect((await failure(() => importModel(prod, empty))).message).toContain('archive.json')
    const { files } = { files: Object.fromEntries(await readZip(bytes, limits)) }
    const more = await writeZip({ ...files, 'files/more.bin': utf8('x') })
    expect((await failure(() => importModel(prod, more))).message).toContain('not in its manifest')
    const named = await writeZip({ ...files, 'archive.json': utf8('{"format":"millwright-model","formatVersion":1,"name":"../x"}') })
    expect((await failure(() => importModel(prod, named))).code).toBe('InvalidArgument')
    const later = await writeZip({ ...files, 'archive.json': utf8('{"format":"millwright-model","formatVersion":2,"name":"x"}') })
    expect((await failure(() => importModel(prod, later))).code).toBe('Unsupported')
  })
})

describe('readZip', () => {
  it('gives back what writeZip wrote', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.tuple(fc.stringMatching(/^[a-zäß0-9]{1,8}$/), fc.uint8Array({ maxLength: 500 })), {
          selector: ([name]) => name.normalize('NFC'),
          maxLength: 6,
        }),
        async (entries) => {
          const files = Object.fromEntries(entries)
          expect(Object.fromEntries(await readZip(await writeZip(files), limits))).toEqual(files)
        },
      ),
      { numRuns: times(12, 40), seed: 3 },
    )
  })

  it('gives equal archives for equal files, with times of 1980 and nothing of this machine', async () => {
    const files = { 'a.bin': utf8('x'.repeat(500)), b: utf8('y') }
    const bytes = await writeZip(files)
    expect(await writeZip({ ...files })).toEqual(bytes)
    // Local header: flags for UTF-8, deflated, 00:00 on 1 January 1980; no extra field.
    const view = new DataView(bytes.buffer, bytes.byteOffset)
    expect([6, 8, 10, 12, 28].map((at) => view.getUint16(at, true))).toEqual([0x800, 8, 0, 0x21, 0])
  })

  it('refuses bytes between two files', async () => {
    const bytes = handMade([{ name: 'a' }, { name: 'b', data: utf8('gap'), crc: crc32(utf8('gap')) }, { name: 'c' }])
    expect((await readZip(bytes, limits)).size).toBe(3)
    // The same bytes with a directory that does not list b.
    const view = new DataView(bytes.buffer)
    const start = view.getUint32(bytes.length - 6, true)
    const hidden = new Uint8Array([...bytes.slice(0, start + 47), ...bytes.slice(start + 94)])
    const end = new DataView(hidden.buffer, hidden.length - 22)
    for (const at of [8, 10]) end.setUint16(at, 2, true)
    end.setUint32(12, 94, true)
    expect((await failure(() => readZip(hidden, limits))).message).toContain('34 of its bytes belong to no file')
  })

  // A ZIP archive has two bytes for the length of a name.
  const sayable = hostileSample(105).filter((name) => Buffer.byteLength(name) <= 0xffff)
  it.each(sayable.map((name) => [name.slice(0, 40), name]))('refuses the name %j or keeps it as it is', async (_, name) => {
    const read = readZip(handMade([{ name: Buffer.from(name) }]), limits)
    await read.then(
      (files) => {
        const [kept = ''] = files.keys()
        expect(kept).toBe(Buffer.from(name).toString())
        expect(kept.split('/').some((part) => part === '' || part === '.' || part === '..')).toBe(false)
        expect(/^[/\\]|^[a-z]:|\\|\0/i.test(kept)).toBe(false)
      },
      (error) => expect(isMillwrightError(error, 'InvalidArgument')).toBe(true),
    )
  })

  it.each([
    ['a link', [{ name: 'a', mode: 0o120777 }], 'link'],
    ['a device', [{ name: 'a', mode: 0o060644 }], 'special'],
    ['two files of one name', [{ name: 'a' }, { name: 'a' }], 'twice'],
    ['names that differ in case', [{ name: 'Model' }, { name: 'mODEL' }], 'twice'],
    ['names that differ in composition', [{ name: 'é' }, { name: 'e\u0301' }], 'twice'],
    ['a file that is a folder', [{ name: 'a' }, { name: 'a/b' }], 'folder'],
    ['a file that is a folder entry', [{ name: 'A' }, { name: 'a/', mode: 0o040755 }], 'as a file and as a folder'],
    ['a folder that leads out', [{ name: '../', mode: 0o040755 }], 'relative'],
    ['a folder that is a link', [{ name: 'a/', mode: 0o120777 }], 'link'],
    [
      'shared bytes',
      [
        { name: 'a', data: utf8('xx') },
        { name: 'b', offset: 0, localName: 'b' },
      ],
      'shares bytes',
    ],
    ['a file that says it is large', [{ name: 'a', method: 8, size: 1 << 25 }], 'unpacks to'],
    ['a high ratio', [{ name: 'a', method: 8, size: 1 << 23, data: new Uint8Array(deflateRawSync(new Uint8Array(1 << 23))) }], 'times'],
    [
      'another size than its header says',
      [{ name: 'a', method: 8, size: 10, data: new Uint8Array(deflateRawSync(new Uint8Array(5000))) }],
      'another size than its header says',
    ],
    ['too many files', Array.from({ length: 101 }, (_, i) => ({ name: `f${i}` })), 'at most 100'],
  ])('refuses %s', async (_, entries, word) => {
    const error = await failure(() => readZip(handMade(entries), limits))
    expect(error.code).toBe('InvalidArgument')
    expect(error.message).toContain(word)
  })

  it.each([
    ['another name in the local header', [{ name: 'a', localName: 'b' }], 'Corrupt'],
    ['a wrong checksum', [{ name: 'a', crc: 5 }], 'Corrupt'],
    ['broken deflate', [{ name: 'a', method: 8, size: 5, data: utf8('hello') }], 'Corrupt'],
    ['a name that is no UTF-8', [{ name: new Uint8Array([0xff, 0xfe]) }], 'Corrupt'],
    ['an offset outside', [{ name: 'a', offset: 1 << 20 }], 'Corrupt'],
    ['encryption', [{ name: 'a', flags: 1 }], 'Unsupported'],
    ['another method', [{ name: 'a', method: 14 }], 'Unsupported'],
    ['ZIP64 without its sizes', [{ name: 'a', size: 0xffffffff, method: 8 }], 'Corrupt'],
    ['a folder with bytes', [{ name: 'a/', mode: 0o040755, data: utf8('x') }], 'Corrupt'],
  ])('refuses %s', async (_, entries, code) => {
    expect((await failure(() => readZip(handMade(entries), limits))).code).toBe(code)
  })
})
