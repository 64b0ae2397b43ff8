/** A registry whose files were damaged by hand: every call says which file, and listing goes on for the others. */
import fc from 'fast-check'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { memoryStorage } from '../../../src/adapters/memory/memory-storage'
import { fromUtf8, utf8 } from '../../../src/core/bytes'
import { isMillwrightError, type MillwrightError } from '../../../src/core/errors'
import type { ModelPackage } from '../../../src/ports/model'
import type { ObjectStore } from '../../../src/ports/object-store'
import { ModelRegistry } from '../../../src/registry'
import { parseManifest } from '../../../src/registry/manifest'
import { damageTo, readsCleanly } from '../../fixtures/damage'

const model = (content: string): ModelPackage => ({
  flavor: 'millwright',
  task: 'classification',
  classes: ['no', 'yes'],
  target: 'late',
  metadata: { trees: 3 },
  signature: { inputs: [{ name: 'a', type: 'float64', required: false }], outputs: [{ name: 'prediction', type: 'string' }] },
  files: { 'model.json': utf8(content) },
})

let storage: ObjectStore
let registry: ModelRegistry
beforeEach(async () => {
  storage = memoryStorage()
  registry = new ModelRegistry({ storage })
  for (const content of ['one', 'two', 'three']) await registry.register('flights', model(content), { metrics: { auc: Number.NaN } })
  await registry.register('trains', model('rails'))
  for (const version of ['1', '2', '3']) await registry.promote('flights', version, 'champion')
})

async function failure(work: () => Promise<unknown>): Promise<MillwrightError> {
  return work().then(
    () => Promise.reject(new Error('it succeeded')),
    (error) => (isMillwrightError(error) ? error : Promise.reject(error)),
  )
}

async function keyOf(end: RegExp): Promise<string> {
  const found = (await storage.list()).objects.map(({ key }) => key).find((key) => end.test(key))
  if (found === undefined) throw new Error(`no key ${end}`)
  return found
}

const manifestOf = async (version: string): Promise<string> => {
  const { source } = await registry.getVersion('flights', version)
  return `${decodeURIComponent(source.slice(source.indexOf('mlruns/')))}/millwright.json`
}

describe('a damaged manifest', () => {
  it('is Corrupt by every call that reads it, naming the file and the member', async () => {
    const key = await manifestOf('3')
    const text = fromUtf8(await storage.get(key))
    await storage.put(key, utf8(text.replace(/"sizeBytes":\d+/, '"sizeBytes":"many"')))
    const calls: Record<string, () => Promise<unknown>> = {
      getVersion: () => registry.getVersion('flights', '3'),
      resolve: () => registry.resolve('flights@champion'),
      latest: () => registry.resolve('flights'),
      openModel: () => registry.openModel('flights@3'),
      promote: () => registry.promote('flights', '3', 'challenger'),
      setAlias: () => registry.setAlias('flights', 'challenger', '3'),
    }
    for (const [name, call] of Object.entries(calls)) {
      const { code, message } = await failure(call)
      expect([name, code, message]).toEqual([
        name,
        'Corrupt',
        'millwright.json of model "flights" version 3 is damaged: `files[0].sizeBytes` must be a number, got "many"',
      ])
    }
  })

  it('does not keep the others from being listed; what is left out is reported', async () => {
    await storage.put(await manifestOf('2'), utf8('{"formatVersion":1'))
    const errors: unknown[] = []
    const off = registry.on('error', (error) => errors.push(error))
    expect((await registry.listVersions('flights')).map(({ version }) => version)).toEqual(['1', '3'])
    expect(errors.map((error) => (error as Error).message)).toEqual([
      expect.stringMatching(/^millwright\.json of model "flights" version 2 is not valid JSON/),
    ])
    off()
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
    await registry.listVersions('flights')
    expect(warn).toHaveBeenCalledWith(expect.stringMatching(/^millwright registry: millwright\.json of model "flights" version 2/))
    warn.mockRestore()
  })

  it('also where only its meaning changed: the fingerprint tells', async () => {
    const key = await manifestOf('3')
    await storage.put(key, utf8(fromUtf8(await storage.get(key)).replace('"classes":["no","yes"]', '"classes":["yes","no"]')))
    const { code, message } = await failure(() => registry.openModel('flights@3'))
    expect([code, message]).toEqual(['Corrupt', expect.stringMatching(/is damaged: `fingerprint` must be the digest of flavor, task/)])
  })

  it('of a later release is Unsupported', async () => {
    await storage.put(await manifestOf('3'), utf8('{"formatVersion":2}'))
    const { code, message } = await failure(() => registry.getVersion('flights', '3'))
    expect([code, message]).toEqual([
      'Unsupported',
      expect.stringMatching(/has format version 2, which a later release of Millwright wrote/),
    ])
  })

  it('however it is damaged: the same manifest, or a clean error', async () => {
    const bytes = await storage.get(await manifestOf('3'))
    const whole = parseManifest(bytes, 'm')
    await fc.assert(
      fc.asyncProperty(damageTo(JSON.parse(fromUtf8(bytes))), async (text) => {
        let read: unknown
        await readsCleanly(() => {
          read = parseManifest(utf8(text), 'm')
        }, ['Corrupt', 'Unsupported'])
        // Metrics, tags, lineage and metadata are in no digest; the model itself is.
        if (read !== undefined) expect((read as typeof whole).files).toEqual(whole.files)
      }),
      { numRuns: 300, seed: 12 },
    )
  })
})

describe('damaged records', () => {
  const cases: [string, RegExp, string, () => Promise<unknown>, RegExp][] = [
    [
      'alias',
      /flights\/aliases\/champion$/,
      'three',
      () => registry.resolve('flights@champion'),
      /^mlruns\/models\/flights\/aliases\/champion is damaged: it must be the number of a version, got "three"$/,
    ],
    ['alias', /flights\/aliases\/champion$/, '', () => registry.promote('flights', '1', 'champion'), /aliases\/champion is damaged/],
    ['alias', /flights\/aliases\/champion$/, '-1', () => registry.rollback('flights', 'champion'), /aliases\/champion is damaged/],
    [
      'version',
      /flights\/version-2\/meta\.yaml$/,
      'creation_timestamp: 12\n',
      () => registry.getVersion('flights', '2'),
      /^mlruns\/models\/flights\/version-2\/meta\.yaml is damaged: `version` must be 2, got nothing$/,
    ],
    [
      'version',
      /flights\/version-2\/meta\.yaml$/,
      'creation_timestamp: soon\nversion: 2\n',
      () => registry.getVersion('flights', '2'),
      /`creation_timestamp` must be a time in milliseconds, got "soon"$/,
    ],
    [
      'model',
      /flights\/meta\.yaml$/,
      '',
      () => registry.listVersions('flights'),
      /^mlruns\/models\/flights\/meta\.yaml is damaged: `name` must be "flights", got nothing$/,
    ],
    [
      'event',
      /flights\/history\//,
      '{"kind":"alias-moved","model":"flights","at":"now"}',
      () => registry.history('flights'),
      /mlruns\/models\/flights\/history\/.* is damaged: `at` must be a number, got "now"$/,
    ],
    [
      'event',
      /flights\/history\//,
      'null',
      () => registry.rollback('flights', 'champion'),
      /flights\/history\/.* is damaged: it must be an object, got null$/,
    ],
    [
      'event',
      /flights\/history\//,
      '{"kind":',
      () => registry.history('flights'),
      /^mlruns\/models\/flights\/history\/.* is not valid JSON/,
    ],
  ]
  it.each(cases)('%s: Corrupt, naming %s', async (_, file, text, call, message) => {
    await storage.put(await keyOf(file), utf8(text))
    const error = await failure(call)
    expect(error.code).toBe('Corrupt')
    expect(error.message).toMatch(message)
  })

  it('do not keep other models and versions from being listed', async () => {
    const errors: string[] = []
    registry.on('error', (error) => errors.push((error as Error).message))
    await storage.put(await keyOf(/flights\/version-2\/meta\.yaml$/), utf8('version: 7\n'))
    expect((await registry.listVersions('flights')).map(({ version }) => version)).toEqual(['1', '3'])
    await storage.put(await keyOf(/flights\/meta\.yaml$/), utf8('[]'))
    expect((await registry.listModels()).map(({ name }) => name)).toEqual(['trains'])
    expect(errors).toEqual([
      'mlruns/models/flights/version-2/meta.yaml is damaged: `version` must be 2, got "7"',
      'mlruns/models/flights/meta.yaml is damaged: `name` must be "flights", got nothing',
    ])
  })
})
