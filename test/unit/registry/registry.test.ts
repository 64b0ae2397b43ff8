import { beforeEach, describe, expect, it } from 'vitest'
import { memoryStorage } from '../../../src/adapters/memory/memory-storage'
import { fromUtf8, utf8 } from '../../../src/core/bytes'
import { isMillwrightError, type MillwrightError } from '../../../src/core/errors'
import type { ModelPackage } from '../../../src/ports/model'
import type { ObjectStore } from '../../../src/ports/object-store'
import { betterThan, ModelRegistry, metricAtLeast, metricAtMost } from '../../../src/registry'
import { tableFromRows } from '../../../src/schema/table'
import { failingStore } from '../../../src/testing/failing-store'
import { manualClock } from '../../../src/testing/manual-clock'

const model = (content = 'x'): ModelPackage => ({
  flavor: 'millwright',
  task: 'classification',
  classes: ['no', 'yes'],
  signature: { inputs: [{ name: 'a', type: 'float64' }], outputs: [{ name: 'prediction', type: 'string' }] },
  files: { 'model.json': utf8(content) },
})

let storage: ObjectStore
let registry: ModelRegistry
beforeEach(() => {
  storage = memoryStorage()
  registry = new ModelRegistry({ storage, clock: manualClock(1_700_000_000_000), user: 'ada' })
})

async function failure(work: () => unknown): Promise<MillwrightError> {
  try {
    await work()
  } catch (error) {
    if (isMillwrightError(error)) return error
    throw error
  }
  throw new Error('it succeeded')
}

const keysOf = async (): Promise<string[]> => (await storage.list()).objects.map(({ key }) => key)

describe('ModelRegistry: options', () => {
  it('wants exactly one of storage and backend', async () => {
    for (const options of [{}, { storage, backend: {} }, undefined]) {
      expect((await failure(() => new ModelRegistry(options as never))).code).toBe('InvalidArgument')
    }
    expect((await failure(() => new ModelRegistry({ store: storage } as never))).message).toMatch(
      /`store` is not an option of ModelRegistry/,
    )
  })

  it('wants a storage with conditional put', async () => {
    const weak = { ...storage, capabilities: { ...storage.capabilities, conditionalPut: false } }
    expect((await failure(() => new ModelRegistry({ storage: weak }))).code).toBe('Unsupported')
  })

  it('refuses bad registrations before anything is written', async () => {
    const attempts: [unknown, unknown][] = [
      [model(), { metric: { accuracy: 1 } }],
      [model(), { metrics: { accuracy: '0.9' } }],
      [model(), { run: { runId: '../x' } }],
      [model(), { run: {} }],
      [model(), { tags: { 'millwright.x': 'mine' } }],
      [model(), { tags: { '../x': 'y' } }],
      [model(), { tags: { x: 5 } }],
      [model(), { dataset: { name: 'no fingerprint' } }],
      [model(), { example: { not: 'rows' } }],
      [{ ...model(), files: {} }, {}],
      [{ ...model(), files: { '../x': utf8('') } }, {}],
      [{ ...model(), files: { 'millwright.json': utf8('') } }, {}],
      [model(), { lineage: 'made up' }],
      [{ ...model(), files: { a: 'text' } }, {}],
      [{ ...model(), files: { 'input_example.json': utf8('') } }, { example: [{ a: 1 }] }],
      [{ ...model(), flavor: '' }, {}],
      [{ ...model(), task: 'other things' }, {}],
      [{ ...model(), signature: undefined }, {}],
    ]
    for (const [packed, options] of attempts) {
      expect([(await failure(() => registry.register('flights', packed as never, options as never))).code, options]).toEqual([
        'InvalidArgument',
        options,
      ])
    }
    expect(await keysOf()).toEqual([])
  })
})

describe('ModelRegistry: versions', () => {
  it('packs models, takes tables as examples and Run objects as runs', async () => {
    const run = { runId: 'a'.repeat(32), experimentId: '0', logMetric: () => {}, more: 'members' }
    const example = tableFromRows([
      { a: 1, at: new Date(0), s: null },
      { a: 2.5, at: new Date(1000), s: 'x' },
    ])
    const version = await registry.register('flights', { pack: async () => model() }, { run, example })
    expect(version.lineage).toEqual({ runId: run.runId, experimentId: '0' })
    const folder = `mlruns/0/models/${version.modelId}/artifacts/`
    expect(version.source).toBe(storage.uri(folder.slice(0, -1)))
    const read = async (name: string): Promise<unknown> => JSON.parse(fromUtf8(await storage.get(folder + name)))
    expect(await read('input_example.json')).toEqual({
      columns: ['a', 'at', 's'],
      data: [
        [1, '1970-01-01T00:00:00.000', null],
        [2.5, '1970-01-01T00:00:01.000', 'x'],
      ],
    })
    expect(await read('serving_input_example.json')).toHaveProperty('dataframe_split')
  })

  it('links the run where it lies in the same tree', async () => {
    const runId = 'b'.repeat(32)
    await storage.put(`mlruns/7/${runId}/meta.yaml`, utf8('run_id: b\n'))
    const version = await registry.register('flights', model(), {
      run: { runId, experimentId: '7' },
      metrics: { accuracy: 0.5, 'odd/name': 1 },
    })
    expect(await keysOf()).toContain(`mlruns/7/${runId}/outputs/${version.modelId}/meta.yaml`)
    expect(fromUtf8(await storage.get(`mlruns/7/models/${version.modelId}/metrics/accuracy`))).toBe(`1700000000000 0.5 0 ${runId}\n`)
    expect((await registry.getVersion('flights', 1)).metrics).toEqual({ accuracy: 0.5, 'odd/name': 1 })
    const elsewhere = await registry.register('flights', model(), { run: { runId: 'c'.repeat(32), experimentId: '7' } })
    expect((await keysOf()).some((key) => key.includes(`outputs/${elsewhere.modelId}`))).toBe(false)
  })

  it('keeps metrics that JSON cannot spell', async () => {
    await registry.register('flights', model(), { metrics: { loss: Number.NaN, top: Number.POSITIVE_INFINITY } })
    expect((await registry.getVersion('flights', 1)).metrics).toEqual({ loss: Number.NaN, top: Number.POSITIVE_INFINITY })
  })

  it('gives equal packages equal digests, and others other ones', async () => {
    const digests = await Promise.all(
      [model('1'), model('1'), model('2')].map(async (packed, i) => (await registry.register(`m${i}`, packed)).digest),
    )
    expect(digests[0]).toMatch(/^[0-9a-f]{64}$/)
    expect(digests[0]).toBe(digests[1])
    expect(digests[0]).not.toBe(digests[2])
  })

  it('finds a damaged, a missing and a foreign file', async () => {
    const version = await registry.register('flights', model())
    const folder = `mlruns/0/models/${version.modelId}/artifacts/`
    await storage.put(`${folder}model.json`, utf8('y'))
    const damaged = await failure(() => registry.openModel('flights@1'))
    expect([damaged.code, damaged.details.path]).toEqual(['Corrupt', 'model.json'])
    expect(damaged.message).toBe('the file "model.json" of model "flights" version 1 is not what was registered: its digest differs')
    await storage.delete(`${folder}model.json`)
    expect((await failure(() => registry.openModel('flights@1'))).message).toMatch(/is missing$/)
    await storage.put(`${folder}millwright.json`, utf8('{"formatVersion":1}'))
    expect((await failure(() => registry.openModel('flights@1'))).code).toBe('Corrupt')
    await storage.put(`${folder}millwright.json`, utf8('{"formatVersion":2}'))
    expect((await failure(() => registry.openModel('flights@1'))).code).toBe('Unsupported')
  })

  it('shows versions as lines and tables', async () => {
    const version = await registry.register('fl_ights', model(), { metrics: { accuracy: 0.912345 } })
    await registry.setAlias('fl_ights', 'champion', version)
    const versions = await registry.listVersions('fl_ights')
    const display = (value: unknown): Record<string, string> =>
      (value as Record<symbol, () => Record<string, string>>)[Symbol.for('Jupyter.display')]?.() ?? {}
    expect(display(versions[0])['text/plain']).toBe('ModelVersion: fl_ights 1 @champion (accuracy 0.9123)')
    expect(display(versions)['text/markdown']).toContain('| fl\\_ights | 1 | champion | accuracy 0.9123 | 2023-11-14T22:13:20.000Z |')
  })
})

describe('ModelRegistry: gates', () => {
  const metric = { name: 'accuracy', higherIsBetter: true }
  beforeEach(async () => {
    for (const accuracy of [0.8, 0.9, 0.85])
      await registry.register('flights', model(String(accuracy)), { metrics: { accuracy, loss: 1 - accuracy } })
    await registry.promote('flights', 1, 'champion')
  })

  it('say what was required and what was measured, in the error and in the history', async () => {
    const rejections: unknown[] = []
    registry.on('promotion-rejected', (event) => rejections.push(event.verdicts))
    const gates = [metricAtLeast('accuracy', 0.95), metricAtMost(metric, 1), metricAtMost('loss', 0.01)]
    const error = await failure(() => registry.promote('flights', 2, 'champion', { gates }))
    expect(error.message).toBe(
      '"flights" version 2 was not promoted to champion: accuracy ≥ 0.95 is required, measured: 0.9; loss ≤ 0.01 is required, measured: 0.1',
    )
    const verdicts = [
      { gate: 'accuracy ≥ 0.95', passed: false, required: 'accuracy ≥ 0.95', measured: '0.9' },
      { gate: 'accuracy ≤ 1', passed: true, required: 'accuracy ≤ 1', measured: '0.9' },
      { gate: 'loss ≤ 0.01', passed: false, required: 'loss ≤ 0.01', measured: '0.1' },
    ]
    expect(error.details).toEqual({ model: 'flights', version: '2', alias: 'champion', verdicts })
    expect((await registry.history('flights')).at(-1)).toMatchObject({ kind: 'promotion-rejected', from: '1', by: 'ada', verdicts })
    expect(rejections).toEqual([verdicts])
  })

  it('compare with another alias in the direction of the metric', async () => {
    const passes = async (version: number, gate: ReturnType<typeof betterThan>): Promise<boolean> => {
      const state = await registry.resolve('flights@champion')
      try {
        await registry.promote('flights', version, 'trial', { gates: [gate] })
        return true
      } catch (error) {
        if (!isMillwrightError(error, 'InvalidState')) throw error
        return false
      } finally {
        expect((await registry.resolve('flights@champion')).version).toBe(state.version)
      }
    }
    expect(await passes(2, betterThan('champion', { metric }))).toBe(true)
    expect(await passes(2, betterThan('champion', { metric: 'loss', higherIsBetter: false }))).toBe(true)
    expect(await passes(2, betterThan('champion', { metric: 'loss', higherIsBetter: true }))).toBe(false)
    expect(await passes(2, betterThan('champion', { metric, by: 0.2 }))).toBe(false)
    expect(await passes(3, betterThan('trial', { metric }))).toBe(false)
    expect(await passes(3, betterThan('nobody', { metric: 'unmeasured', higherIsBetter: true }))).toBe(true)
    expect(await passes(1, betterThan('champion', { metric }))).toBe(true)
    await registry.register('flights', model('unmeasured'))
    expect(await passes(4, betterThan('champion', { metric }))).toBe(false)
  })

  it('refuse to guess directions and bounds', async () => {
    expect((await failure(() => betterThan('champion', { metric: 'accuracy' }))).message).toBe(
      'betterThan needs `higherIsBetter` for the metric "accuracy"',
    )
    expect((await failure(() => metricAtLeast('accuracy', Number.NaN))).code).toBe('InvalidArgument')
    expect((await failure(() => metricAtLeast('', 1))).code).toBe('InvalidArgument')
    expect((await failure(() => registry.promote('flights', 2, 'champion', { gates: ['no'] as never }))).code).toBe('InvalidArgument')
  })

  it('may be functions of one’s own, whose errors end the promotion', async () => {
    const enoughRows = ({ candidate, current }: { candidate: { version: string }; current?: { version: string } | undefined }): boolean =>
      candidate.version === '3' && current?.version === '1'
    expect((await failure(() => registry.promote('flights', 2, 'champion', { gates: [enoughRows] }))).details.verdicts).toEqual([
      { gate: 'enoughRows', passed: false, required: 'the gate passes', measured: 'no' },
    ])
    const broken = new Error('the gate itself is broken')
    await expect(
      registry.promote('flights', 3, 'champion', {
        gates: [
          () => {
            throw broken
          },
        ],
      }),
    ).rejects.toBe(broken)
    expect((await registry.promote('flights', 3, 'champion', { gates: [enoughRows] })).aliases).toEqual(['champion'])
  })
})

describe('ModelRegistry: history and events', () => {
  it('tells what it does, and survives a listener that throws', async () => {
    const seen: string[] = []
    const errors: unknown[] = []
    registry.on('version-registered', ({ version }) => seen.push(`registered ${version.version}`))
    registry.on('alias-moved', ({ alias, from, version, how }) => seen.push(`${alias} ${from ?? '-'}→${version} by ${how}`))
    registry.on('alias-moved', () => {
      throw new Error('listener')
    })
    registry.on('error', (error) => errors.push(error))
    await registry.register('flights', model('1'))
    await registry.register('flights', model('2'))
    await registry.promote('flights', 1, 'champion')
    await registry.promote('flights', 2, 'champion')
    await registry.promote('flights', 2, 'champion')
    await registry.rollback('flights', 'champion')
    expect(seen).toEqual(['registered 1', 'registered 2', 'champion -→1 by promote', 'champion 1→2 by promote', 'champion 2→1 by rollback'])
    expect(errors).toHaveLength(3)
  })

  it('rolls back over deleted versions and moves that other tools made', async () => {
    for (let i = 1; i <= 5; i++) await registry.register('flights', model(String(i)))
    for (const version of [1, 2, 3]) await registry.promote('flights', version, 'champion')
    await registry.deleteVersion('flights', 2)
    await storage.put('mlruns/models/flights/aliases/champion', utf8('5\n'))
    expect((await registry.rollback('flights', 'champion')).version).toBe('3')
    expect((await registry.rollback('flights', 'champion')).version).toBe('1')
  })

  it('does not register twice when only the note of it fails', async () => {
    const flaky = failingStore(storage, ({ operation, key }) => operation === 'put' && key.includes('/history/') && 'before')
    const watched = new ModelRegistry({ storage: flaky })
    const errors: unknown[] = []
    watched.on('error', (error) => errors.push(error))
    expect((await watched.register('flights', model())).version).toBe('1')
    expect(errors).toHaveLength(1)
  })

  it('notes a move whose event was lost when the call is made again', async () => {
    await registry.register('flights', model())
    let broken = true
    const flaky = failingStore(storage, ({ operation, key }) => broken && operation === 'put' && key.includes('/history/') && 'before')
    const retried = new ModelRegistry({ storage: flaky })
    expect((await failure(() => retried.promote('flights', 1, 'champion'))).code).toBe('Unavailable')
    expect((await registry.resolve('flights@champion')).version).toBe('1')
    broken = false
    await retried.promote('flights', 1, 'champion')
    await retried.promote('flights', 1, 'champion')
    const moves = (await registry.history('flights')).filter(({ kind }) => kind === 'alias-moved')
    expect(moves).toMatchObject([{ alias: 'champion', version: '1' }])
  })
})

describe('ModelRegistry: crash at any write', () => {
  it('leaves either no version or a whole one, and goes on', async () => {
    let crashes = 0
    for (let writes = 0; ; writes++) {
      const disk = memoryStorage()
      let left = writes
      let dead = false
      const crash = new Error('power cut')
      const dying = failingStore(disk, ({ operation }) => {
        if (operation === 'put' && left-- <= 0) dead = true
        return dead ? crash : undefined
      })
      const errors: unknown[] = []
      const doomed = new ModelRegistry({ storage: dying })
      doomed.on('error', (error) => errors.push(error))
      const survived = await doomed.register('flights', model('whole'), { tags: { a: '1', b: '2' } }).then(
        () => errors.length === 0,
        () => false,
      )
      const reopened = new ModelRegistry({ storage: disk })
      const models = await reopened.listModels()
      const versions = models.length === 0 ? [] : await reopened.listVersions('flights')
      for (const version of versions) {
        expect(version.tags).toEqual({ a: '1', b: '2' })
        expect(fromUtf8((await reopened.openModel('flights@1')).package.files['model.json'] as Uint8Array)).toBe('whole')
      }
      expect(await reopened.register('flights', model('next'))).toMatchObject({ version: String(versions.length + 1) })
      if (survived) break
      crashes++
    }
    expect(crashes).toBeGreaterThan(8)
  })
})

describe('ModelRegistry: what MLflow wrote', () => {
  const meta = `creation_timestamp: 1700000000000
current_stage: None
deployment_job_state: null
description: "a long text that PyYAML wrote over\\
  \\ two lines: with \\xFC"
last_updated_timestamp: 1700000000001
model_id: m-0123456789abcdef0123456789abcdef
name: theirs
run_id: 12345678901234567890123456789012
run_link: null
source: models:/m-0123456789abcdef0123456789abcdef
status: READY
status_message: null
storage_location: /somewhere/else/mlruns/0/models/m-0123456789abcdef0123456789abcdef/artifacts
user_id: null
version: 1
`
  const mlmodel = `flavors:
  onnx:
    data: model.onnx
  python_function:
    loader_module: mlflow.onnx
signature:
  inputs: '[{"type": "double", "name": "a", "required": true}]'
  outputs: '[{"type": "long", "name": "y", "required": true}]'
  params: null
`
  it('opens, although the tree was moved', async () => {
    const folder = 'mlruns/0/models/m-0123456789abcdef0123456789abcdef/artifacts/'
    await storage.put(
      'mlruns/models/theirs/meta.yaml',
      utf8('creation_timestamp: 5\nlast_updated_timestamp: 6\nname: theirs\naliases:\n  champion: "1"\n'),
    )
    await storage.put('mlruns/models/theirs/version-1/meta.yaml', utf8(meta))
    await storage.put('mlruns/models/theirs/aliases/champion', utf8('1'))
    await storage.put(`${folder}MLmodel`, utf8(mlmodel))
    await storage.put(`${folder}model.onnx`, utf8('graph'))
    const version = await registry.resolve('theirs@champion')
    expect(version).toMatchObject({
      version: '1',
      flavor: 'onnx',
      task: 'other',
      digest: '',
      runId: '12345678901234567890123456789012',
      description: 'a long text that PyYAML wrote over two lines: with ü',
      aliases: ['champion'],
      signature: { inputs: [{ name: 'a', type: 'float64' }], outputs: [{ name: 'y', type: 'float64' }] },
    })
    const opened = await registry.openModel('theirs@champion')
    expect(Object.keys(opened.package.files)).toEqual(['MLmodel', 'model.onnx'])
    expect(await registry.register('theirs', model())).toMatchObject({ version: '2' })
  })

  it('is shown, but not opened, where the files lie outside the storage', async () => {
    await storage.put('mlruns/models/theirs/meta.yaml', utf8('name: theirs\n'))
    await storage.put('mlruns/models/theirs/version-1/meta.yaml', utf8('name: theirs\nversion: 1\nsource: s3://bucket/model\n'))
    expect((await registry.listVersions('theirs'))[0]).toMatchObject({ flavor: 'unknown', source: 's3://bucket/model' })
    expect((await failure(() => registry.openModel('theirs'))).message).toMatch(/lie outside memoryStorage: s3:\/\/bucket\/model$/)
  })
})

describe('ModelRegistry: a name that is not there', () => {
  it('is answered with the first twenty that are, and reads no more than it lists', async () => {
    const read: string[] = []
    const counted: ObjectStore = {
      ...storage,
      get(key, options) {
        read.push(key)
        return storage.get(key, options)
      },
    }
    const many = new ModelRegistry({ storage: counted })
    for (let i = 10; i < 50; i++) await many.register(`m${i}`, model())
    read.length = 0
    const { code, message } = await failure(() => many.openModel('missing'))
    expect([code, message]).toEqual(['NotFound', expect.stringMatching(/^no model "missing"; there are m10, m11, .*, m29, …$/)])
    expect(read.filter((key) => key.endsWith('/meta.yaml')).length).toBeLessThan(25)
  })
})
