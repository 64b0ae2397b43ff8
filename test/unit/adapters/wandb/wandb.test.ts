import { describe, expect, it } from 'vitest'
import { memoryStorage } from '../../../../src/adapters/memory/memory-storage'
import { memoryTracker } from '../../../../src/adapters/memory/memory-tracker'
import { filesTracker } from '../../../../src/adapters/mlruns/files-tracker'
import {
  importWandbRun,
  readWandbRun,
  type WandbOfflineOptions,
  type WandbRun,
  wandbOffline,
  writeWandbRun,
} from '../../../../src/adapters/wandb'
import { fileHeader, frameRecords } from '../../../../src/adapters/wandb/framing'
import { encodeRecord, exitRecord, historyRecord, metricRecord, runRecord, summaryRecord } from '../../../../src/adapters/wandb/records'
import { concatBytes, fromUtf8, utf8 } from '../../../../src/core/bytes'
import { MillwrightError } from '../../../../src/core/errors'
import type { ObjectStore } from '../../../../src/ports/object-store'
import type { TrackerBackend } from '../../../../src/ports/tracker-backend'
import { createBareTracker as createTracker } from '../../../../src/run'
import { bindChecks, failingStore, manualClock, trackerChecks } from '../../../../src/testing'
import { hostileSample } from '../../../support/effort'

bindChecks(
  trackerChecks({ hostileNames: hostileSample(11) }),
  { make: () => wandbOffline(memoryTracker(), { storage: memoryStorage() }) },
  { describe, it },
)

async function directoriesOf(storage: ObjectStore, folder = 'wandb'): Promise<string[]> {
  return (await storage.list({ prefix: `${folder}/`, shallow: true })).prefixes.map((prefix) => prefix.slice(0, -1))
}

async function runsIn(storage: ObjectStore, runId: string, folder?: string): Promise<WandbRun[]> {
  const found: WandbRun[] = []
  for (const name of await directoriesOf(storage, folder)) {
    if (name.endsWith(runId)) found.push(readWandbRun(await storage.get(`${name}/run-${runId}.wandb`)))
  }
  return found
}

interface Fixture {
  readonly storage: ObjectStore
  readonly inner: TrackerBackend
  readonly backend: TrackerBackend
  readonly runId: string
}

async function started(options: Partial<WandbOfflineOptions> = {}, tags: Record<string, string> = {}): Promise<Fixture> {
  const storage = options.storage ?? memoryStorage()
  const inner = memoryTracker()
  const backend = wandbOffline(inner, { clock: manualClock(5_000_000), ...options, storage })
  const { experimentId } = await backend.ensureExperiment('a/b?')
  const { runId } = await backend.createRun({ experimentId, startTime: 1_000_000, runName: 'r', tags })
  return { storage, inner, backend, runId }
}

const at = (key: string, value: number, step: number, timestamp = 1_001_000) => ({ key, value, step, timestamp })

describe('wandbOffline', () => {
  it('names the directory and the project as W&B does, and tells what the run is', async () => {
    const { storage, runId } = await started(
      { entity: 'team' },
      {
        'wandb.tags': 'one',
        'wandb.group': 'g',
        'wandb.job_type': 'j',
        'mlflow.note.content': 'n',
        'mlflow.source.git.commit': 'abc',
        stage: 'dev',
      },
    )
    expect(await directoriesOf(storage)).toEqual([`wandb/offline-run-19700101_001640-${runId}`])
    const [run] = await runsIn(storage, runId)
    expect(run).toMatchObject({
      project: 'a-b-',
      entity: 'team',
      name: 'r',
      tags: ['one'],
      group: 'g',
      jobType: 'j',
      notes: 'n',
      gitCommit: 'abc',
      startTime: 1_000_000,
      exitCode: undefined,
    })
    expect((run?.config.run_tags as Record<string, string> | undefined)?.stage).toBe('dev')
  })

  it('writes a row for each step; what comes late or twice gets a row of its own', async () => {
    const { storage, backend, runId } = await started()
    await backend.logBatch(runId, { metrics: [at('a', 1, 0), at('b', 2, 0, 1_002_500), at('a', 3, 1), at('a', 4, 1, 1_003_000)] })
    await backend.logBatch(runId, { metrics: [at('c', Number.NaN, 0), at('a', 9, 10), at('a', Number.NEGATIVE_INFINITY, -2)] })
    const [run] = await runsIn(storage, runId)
    expect(run?.history).toEqual([
      { step: 0, timestamp: 1_002_500, values: { a: 1, b: 2, step: 0 } },
      { step: 1, timestamp: 1_001_000, values: { a: 3, step: 1 } },
      { step: 2, timestamp: 1_003_000, values: { a: 4, step: 1 } },
      { step: 3, timestamp: 1_001_000, values: { a: Number.NEGATIVE_INFINITY, step: -2 } },
      { step: 4, timestamp: 1_001_000, values: { c: Number.NaN, step: 0 } },
      { step: 10, timestamp: 1_001_000, values: { a: 9, step: 10 } },
    ])
    expect(run?.summary).toMatchObject({ a: 9, b: 2, c: Number.NaN, _step: 10 })
    expect(run?.metrics.map(({ name, stepMetric }) => [name, stepMetric])).toEqual([
      ['a', 'step'],
      ['b', 'step'],
      ['c', 'step'],
    ])
  })

  it('keeps system metrics apart, and names of W&B free', async () => {
    const { storage, backend, runId } = await started()
    await backend.logBatch(runId, {
      metrics: [at('system/system_memory_usage_percentage', 40, 0), at('system/other', 1, 0), at('_step', 5, 0)],
      params: { _wandb: 'x', n: '007', big: '12345678901234567890', list: '[1, 2]', broken: '[1,', yes: 'true', inf: '1e999' },
    })
    const [run] = await runsIn(storage, runId)
    expect(run?.stats).toEqual([{ timestamp: 1_001_000, values: { memory_percent: 40, other: 1 } }])
    expect(run?.history.map(({ values }) => values)).toEqual([{ _step_: 5, step: 0 }])
    const { run_tags, ...config } = run?.config ?? {}
    expect(run_tags).toBeDefined()
    expect(config).toEqual({ _wandb_: 'x', n: '007', big: '12345678901234567890', list: [1, 2], broken: '[1,', yes: true, inf: '1e999' })
  })

  it('tells the end, new names, tags and their removal', async () => {
    const { storage, backend, runId } = await started()
    await backend.logBatch(runId, { tags: { a: '1', b: '2', 'wandb.tags': '["x","y"]' } })
    await backend.deleteTag?.(runId, 'a')
    await backend.updateRun(runId, { runName: 'other' })
    await backend.updateRun(runId, { status: 'killed', endTime: 1_009_900 })
    await backend.logBatch(runId, { tags: { late: '1' } })
    const [run, more] = await runsIn(storage, runId)
    expect(more).toBeUndefined()
    expect(run).toMatchObject({ name: 'other', tags: ['x', 'y'], exitCode: 255, runtimeSeconds: 9, summary: { _wandb: { runtime: 9 } } })
    expect(run?.config.run_tags).toEqual({ b: '2', 'wandb.tags': '["x","y"]', 'mlflow.runName': 'other' })
  })

  it('copies artifacts, and images as media', async () => {
    const { storage, backend, runId } = await started()
    const tracker = createTracker({ backend })
    const run = await tracker.resumeRun(runId)
    const head = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52, 0, 0, 0, 3, 0, 0, 0, 2)
    run.logImage('maps/error', head, { step: 4, timestamp: 1_002_000 })
    run.logText('config.yaml', 'mine')
    await run.finish()
    const [name] = await directoriesOf(storage)
    const [read] = await runsIn(storage, runId)
    expect(fromUtf8(await storage.get(`${name}/files/artifacts/config.yaml`))).toBe('mine')
    const image = read?.history[0]?.values['maps/error'] as { path: string; width: number; height: number }
    expect([image.width, image.height, read?.history[0]?.values.step]).toEqual([3, 2, 4])
    expect(await storage.get(`${name}/files/${image.path}`)).toEqual(head)
    expect(read?.files.toSorted()).toEqual(['artifacts/config.yaml', image.path])
    expect(read?.exitCode).toBe(0)
    const plain = await started({ artifacts: false })
    await plain.backend.putArtifact({ runId: plain.runId }, 'x', utf8('x'))
    expect((await runsIn(plain.storage, plain.runId))[0]?.files).toEqual([])
  })

  it('begins a second directory when a run is taken up again, with what it has and the next row', async () => {
    const { storage, inner, backend, runId } = await started()
    await backend.logBatch(runId, { params: { p: '1' }, metrics: [at('a', 1, 0), at('a', 2, 0, 1_002_000)] })
    await backend.updateRun(runId, { status: 'failed', endTime: 1_003_000 })
    const again = wandbOffline(inner, { storage, clock: manualClock(7_000_000) })
    await again.updateRun(runId, { status: 'running' })
    await again.logBatch(runId, { metrics: [at('a', 5, 1, 1_004_000)] })
    await again.updateRun(runId, { status: 'finished', endTime: 1_005_000 })
    await again.updateRun(runId, { status: 'finished', endTime: 1_005_000 })
    const [first, second, third] = await runsIn(storage, runId)
    expect(third).toBeUndefined()
    expect([first?.exitCode, second?.exitCode]).toEqual([1, 0])
    expect(second?.config.p).toBe(1)
    expect(second?.history).toEqual([{ step: 2, timestamp: 1_004_000, values: { a: 5, step: 1 } }])
  })

  it('continues in another directory after a write that failed half-way', async () => {
    const held = memoryStorage()
    let fail = false
    const torn: ObjectStore = {
      ...held,
      async append(key, bytes) {
        if (!fail) return held.append(key, bytes)
        await held.append(key, bytes.subarray(0, bytes.length - 3))
        throw new MillwrightError('Unavailable', 'disk full')
      },
    }
    const { storage, inner, backend, runId } = await started({ storage: torn })
    await backend.logBatch(runId, { metrics: [at('a', 1, 0)] })
    fail = true
    await expect(async () => backend.logBatch(runId, { metrics: [at('a', 2, 1)] })).rejects.toThrow('disk full')
    fail = false
    await backend.logBatch(runId, { metrics: [at('a', 2, 1)] })
    const [first, second] = await runsIn(storage, runId)
    expect(first?.tornAt).toBeGreaterThan(0)
    expect(second?.history.map(({ step, values }) => [step, values.a])).toEqual([[first?.history.length, 2]])
    expect((await inner.getMetricHistory(runId, 'a')).items.length).toBe(2)
  })

  it('does not fail the run where `onError` is given', async () => {
    const told: unknown[] = []
    const storage = failingStore(memoryStorage(), ({ operation }) => operation === 'put' && 'before')
    const { inner, backend, runId } = await started({ storage, onError: (error) => told.push(error) })
    await backend.logBatch(runId, { metrics: [at('a', 1, 0)] })
    await backend.putArtifact({ runId }, 'x', utf8('x'))
    expect(told.length).toBe(3)
    expect((await inner.getRun(runId)).metrics.a?.value).toBe(1)
    await expect(async () => started({ storage })).rejects.toThrow(/scheduled failure/)
  })

  it('works on a store that cannot append, and beside a directory of the same second', async () => {
    const held = memoryStorage()
    const storage: ObjectStore = {
      ...held,
      capabilities: { ...held.capabilities, appendAtomic: false, conditionalPut: false },
      append: () => {
        throw new MillwrightError('Unsupported', 'no append')
      },
    }
    const { inner, backend, runId } = await started({ storage })
    await backend.logBatch(runId, { metrics: [at('a', 1, 0)] })
    await writeWandbRun(inner, runId, storage)
    expect(await directoriesOf(storage)).toEqual([
      `wandb/offline-run-19700101_001640-${runId}`,
      `wandb/offline-run-19700101_001641-${runId}`,
    ])
    expect((await runsIn(storage, runId)).map(({ history }) => history[0]?.values.a)).toEqual([1, 1])
  })

  it('refuses what cannot be', () => {
    expect(() => wandbOffline(memoryTracker(), {} as WandbOfflineOptions)).toThrow(/needs `storage`/)
    expect(() => wandbOffline(memoryTracker(), { storage: memoryStorage(), folder: '../x' })).toThrow(/folder of wandbOffline/)
    expect(() => wandbOffline(memoryTracker(), { storage: memoryStorage(), colour: 1 } as unknown as WandbOfflineOptions)).toThrow(/colour/)
  })
})

/** A `.wandb` file as W&B's own client writes it, in a directory `d`. */
async function theirs(records: Parameters<typeof encodeRecord>[0][], files: Record<string, string> = {}): Promise<ObjectStore> {
  const storage = memoryStorage()
  const head = runRecord({ runId: 'abc12345', project: 'p', name: 'n', tags: ['t'], startTime: 1000 }, [
    ['lr', '0.1'],
    ['_wandb', '{}'],
  ])
  const frames = frameRecords(
    [head, ...records].map((record, i) => encodeRecord(record, i)),
    7,
  )
  await storage.put('d/run-abc12345.wandb', concatBytes([fileHeader(), frames]))
  for (const [path, text] of Object.entries(files)) await storage.put(`d/files/${path}`, utf8(text))
  return storage
}

describe('importWandbRun', () => {
  it('brings in rows, summary, files; keys that cannot stay are renamed', async () => {
    const storage = await theirs(
      [
        metricRecord('val/*', 'epoch'),
        historyRecord(0, [
          ['loss', '1'],
          ['loss/train', '2'],
          ['odd:key', 'NaN'],
          ['_timestamp', '2.5'],
          ['deep', '{"x":{"y":3}}'],
          ['text', '"hi"'],
          ['ok', 'true'],
        ]),
        historyRecord(4, [
          ['val/a', '0.5'],
          ['epoch', '2'],
          ['_timestamp', '3.5'],
          ['__proto__', '{"polluted":1}'],
        ]),
        summaryRecord([
          ['best', '0.25'],
          ['loss', '{"min":1}'],
        ]),
        exitRecord(0, 10),
      ],
      { 'media/a.txt': 'A' },
    )
    for (const backend of [memoryTracker(), filesTracker({ storage: memoryStorage() })]) {
      const done = await importWandbRun(backend, storage, 'd', { experiment: 'e' })
      expect(done).toMatchObject({ runId: 'abc12345', status: 'finished', params: 1, files: 1, isTorn: false })
      expect(done.renamed.find(({ from }) => from === 'loss')?.to).toBe('loss/value')
      const run = await backend.getRun('abc12345')
      expect([run.params, run.startTime, run.endTime, run.runName]).toEqual([{ lr: '0.1' }, 1000, 11_000, 'n'])
      const last = Object.fromEntries(
        Object.entries(run.metrics).map(([key, { step, value, timestamp }]) => [key, [step, value, timestamp]]),
      )
      expect(last).toMatchObject({
        'loss/value': [0, 1, 2500],
        'loss/train': [0, 2, 2500],
        'deep.x.y': [0, 3, 2500],
        ok: [0, 1, 2500],
        'val/a': [2, 0.5, 3500],
        epoch: [4, 2, 3500],
        best: [4, 0.25, 11_000],
        'loss.min': [4, 1, 11_000],
      })
      expect(Object.values(last)).toContainEqual([0, Number.NaN, 2500])
      expect(fromUtf8(await backend.getArtifact({ runId: 'abc12345' }, 'media/a.txt'))).toBe('A')
      expect(fromUtf8(await backend.getArtifact({ runId: 'abc12345' }, 'wandb/history.jsonl'))).toBe(
        '{"_step":0,"_timestamp":2.5,"text":"hi"}\n',
      )
      await expect(importWandbRun(backend, storage, 'd', { experiment: 'e' })).rejects.toThrow(/already/)
    }
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
  })

  it("takes W&B's own steps when asked, and tells of params that are too long", async () => {
    const storage = await theirs([
      metricRecord('a', 'epoch'),
      historyRecord(7, [
        ['a', '1'],
        ['epoch', '2'],
      ]),
      runRecord({ runId: 'abc12345', project: '', tags: [], startTime: 1000 }, [['long', JSON.stringify('x'.repeat(7000))]]),
    ])
    const backend = memoryTracker()
    const done = await importWandbRun(backend, storage, 'd', { stepFrom: 'row', runId: 'mine', files: false })
    expect([done.longParams, done.status, (await backend.getRun('mine')).metrics.a?.step]).toEqual([['long'], 'killed', 7])
    const { experimentId } = await backend.getRun('mine')
    expect((await backend.getExperiment(experimentId)).name).toBe('wandb')
  })

  it('refuses damage, reads up to it when told, and never leaves a run `running`', async () => {
    const storage = await theirs([historyRecord(0, [['a', '1']]), historyRecord(1, [['a', '2']])])
    const bytes = await storage.get('d/run-abc12345.wandb')
    const hurt = bytes.slice()
    hurt[hurt.length - 4] = (hurt.at(-4) as number) ^ 1
    await storage.put('d/run-abc12345.wandb', hurt)
    const backend = memoryTracker()
    await expect(importWandbRun(backend, storage, 'd')).rejects.toThrow(/damaged at byte \d+, after 2 whole records/)
    expect(await backend.listExperiments()).toEqual([])
    expect((await importWandbRun(backend, storage, 'd', { allowDamage: true })).isTorn).toBe(true)
    await expect(importWandbRun(backend, storage, 'elsewhere')).rejects.toThrow(/found 0/)
    await expect(importWandbRun(backend, storage, [])).rejects.toThrow(/at least one/)
    const aborted = AbortSignal.abort(new Error('enough'))
    await expect(importWandbRun(backend, storage, 'd', { allowDamage: true, runId: 'second', signal: aborted })).rejects.toThrow('enough')
    expect((await backend.getRun('second')).status).toBe('failed')
  })

  it('refuses what is no .wandb file', () => {
    expect(() => readWandbRun(utf8('something else'))).toThrow(/begins with/)
    expect(() => readWandbRun(Uint8Array.of(0x3a, 0x57, 0x26, 0x42, 0xe1, 0xbe, 1))).toThrow(/version 0/)
    expect(() => readWandbRun(fileHeader())).toThrow(/holds no run/)
    expect(() => readWandbRun(concatBytes([fileHeader(), frameRecords([Uint8Array.of(255, 255)], 7)]))).toThrow(/Protocol Buffers/)
  })
})

describe('writeWandbRun', () => {
  it('writes a run of any backend with one row a step', async () => {
    const backend = memoryTracker()
    const tracker = createTracker({ backend })
    const runId = await tracker.run({ experiment: 'e' }, (run) => {
      run.logParam('p', 1)
      for (let step = 0; step < 3; step++) {
        run.logMetric('a', step, { step })
        run.logMetric('b', -step, { step })
      }
      run.logText('t.txt', 'T')
      return run.runId
    })
    const storage = memoryStorage()
    const directory = await writeWandbRun(backend, runId, storage, { project: 'other' })
    const run = readWandbRun(await storage.get(`${directory}/run-${runId}.wandb`))
    expect(run.history.map(({ step, values }) => [step, values.a, values.b])).toEqual([
      [0, 0, -0],
      [1, 1, -1],
      [2, 2, -2],
    ])
    expect([run.project, run.exitCode, run.config.p, run.summary.b]).toEqual(['other', 0, 1, -2])
    expect(fromUtf8(await storage.get(`${directory}/files/artifacts/t.txt`))).toBe('T')
    await expect(writeWandbRun(backend, 'none', storage)).rejects.toThrow(/none/)
  })

  it('writes a run with more points of a metric than a call takes arguments', async () => {
    const backend = memoryTracker()
    const { experimentId } = await backend.ensureExperiment('e')
    const { runId } = await backend.createRun({ experimentId, startTime: 1_000_000 })
    // One sample of a system metric, so that the file is small.
    await backend.logBatch(runId, { metrics: Array.from({ length: 150_000 }, (_, i) => at('system/load', i, i)) })
    const storage = memoryStorage()
    const directory = await writeWandbRun(backend, runId, storage)
    expect(readWandbRun(await storage.get(`${directory}/run-${runId}.wandb`)).stats).toMatchObject([{ values: { load: 149_999 } }])
  })
})
