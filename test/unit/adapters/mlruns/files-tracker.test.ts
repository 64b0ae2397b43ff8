import { describe, expect, it } from 'vitest'
import { memoryStorage } from '../../../../src/adapters/memory/memory-storage'
import { filesTracker } from '../../../../src/adapters/mlruns/files-tracker'
import { fromUtf8, utf8 } from '../../../../src/core/bytes'
import { MillwrightError } from '../../../../src/core/errors'
import { md5Hex } from '../../../../src/core/hash'
import type { ObjectStore } from '../../../../src/ports/object-store'
import type { MetricPoint, TrackerBackend } from '../../../../src/ports/tracker-backend'
import { manualClock } from '../../run/manual-clock'

const point = (value: number, key = 'm'): MetricPoint => ({ key, value, timestamp: 1000 + value, step: value })

async function newRun(storage: ObjectStore): Promise<{ tracker: TrackerBackend; runId: string; folder: string }> {
  const tracker = filesTracker({ storage, clock: manualClock(77), user: 'ada' })
  const { experimentId } = await tracker.ensureExperiment('e')
  const { runId } = await tracker.createRun({ experimentId, startTime: 5, runName: 'r', runId: '0123456789abcdef0123456789abcdef' })
  return { tracker, runId, folder: `mlruns/${experimentId}/${runId}/` }
}

async function text(storage: ObjectStore, key: string): Promise<string> {
  return fromUtf8(await storage.get(key))
}

async function values(tracker: TrackerBackend, runId: string, key = 'm'): Promise<number[]> {
  return (await tracker.getMetricHistory(runId, key)).items.map(({ value }) => value)
}

describe('the layout', () => {
  it('is that of MLflow, byte by byte', async () => {
    const storage = memoryStorage()
    const { tracker, runId, folder } = await newRun(storage)
    await tracker.logBatch(runId, {
      metrics: [point(1), { key: 'a/b', value: Number.NaN, timestamp: 1, step: -2 }, { ...point(2), value: 1e-7 }],
      params: { p: 'x' },
      tags: { t: 'y\n' },
      datasets: [{ name: 'iris', digest: 'd1', sourceType: 'code', source: '{}', context: 'training' }],
      outputModels: [{ modelId: 'm-1', step: 3 }],
    })
    await tracker.updateRun(runId, { status: 'killed', endTime: 9 })
    expect(await text(storage, `${folder}metrics/m`)).toBe('1001 1 1\n1002 1e-7 2\n')
    expect(await text(storage, `${folder}metrics/a/b`)).toBe('1 nan -2\n')
    expect(await text(storage, `${folder}params/p`)).toBe('x')
    expect(await text(storage, `${folder}tags/t`)).toBe('y\n')
    expect(await text(storage, `${folder}meta.yaml`)).toBe(
      [
        `artifact_uri: memory:///${folder}artifacts`,
        'end_time: 9',
        "entry_point_name: ''",
        `experiment_id: '${folder.split('/')[1]}'`,
        'lifecycle_stage: active',
        `run_id: ${runId}`,
        'run_name: r',
        "source_name: ''",
        'source_type: 4',
        "source_version: ''",
        'start_time: 5',
        'status: 5',
        'tags: []',
        'user_id: ada',
        '',
      ].join('\n'),
    )
    const datasetId = md5Hex('irisd1')
    expect(await text(storage, `mlruns/${folder.split('/')[1]}/datasets/${datasetId}/meta.yaml`)).toContain('name: iris')
    const link = await text(storage, `${folder}inputs/${md5Hex(datasetId + runId)}/meta.yaml`)
    expect(link).toContain('source_type: DATASET')
    expect(link).toContain('  mlflow.data.context: training')
    expect(await text(storage, `${folder}outputs/m-1/meta.yaml`)).toContain('destination_id: m-1')
    expect(await text(storage, 'mlruns/0/meta.yaml')).toContain('name: Default')
    expect(folder.split('/')[1]).toMatch(/^[1-9]\d{17}$/)
  })

  it('is read as older and other writers leave it', async () => {
    const storage = memoryStorage()
    const put = (key: string, content: string): Promise<unknown> => Promise.resolve(storage.put(`mlruns/${key}`, utf8(content)))
    const runId = '12345678901234567890123456789e05'
    await put('7/meta.yaml', "artifact_location: /x/7\nexperiment_id: '7'\nlifecycle_stage: active\nname: 2.5\n")
    await put('7/tags/mlflow.note.content', 'old')
    await put(
      `7/${runId}/meta.yaml`,
      `artifact_uri: /x\nend_time: null\nexperiment_id: '7'\nname: named\nrun_uuid: ${runId}\nstart_time: 3\nstatus: 3\nuser_id: u\n`,
    )
    await put(`7/${runId}/metrics/m`, '1 0.5\n2 Infinity 1\n3 -inf 2 data digest\n4 1.5')
    await put('.trash/8/meta.yaml', "artifact_location: /x/8\nexperiment_id: '8'\nlifecycle_stage: deleted\nname: gone\n")
    await put('9/meta.yaml', ': no yaml [')
    await put('10/meta.yaml', "experiment_id: '11'\nname: moved by hand\n")
    await put('models/flights/meta.yaml', 'name: flights\n')
    const tracker = filesTracker({ storage })
    expect((await tracker.listExperiments()).map(({ experimentId, name, tags }) => [experimentId, name, tags])).toEqual([
      ['7', '2.5', { 'mlflow.note.content': 'old' }],
      ['8', 'gone', {}],
    ])
    expect((await tracker.ensureExperiment('2.5')).experimentId).toBe('7')
    await expect(async () => tracker.ensureExperiment('gone')).rejects.toMatchObject({ code: 'InvalidState' })
    const record = await tracker.getRun(runId)
    expect([record.runName, record.status, record.endTime, record.metrics.m?.value]).toEqual([
      'named',
      'finished',
      undefined,
      Number.NEGATIVE_INFINITY,
    ])
    expect(await values(tracker, runId)).toEqual([0.5, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])
    expect((await tracker.searchRuns({})).items.map((run) => run.runId)).toEqual([runId])
  })

  it('names the line of a metric file that cannot be read, and still finds the run', async () => {
    const storage = memoryStorage()
    const { tracker, runId, folder } = await newRun(storage)
    await storage.put(`${folder}metrics/m`, utf8('1 1 1\n2 0.51003 0.6 3\n4 4 4\n'))
    await expect(async () => tracker.getMetricHistory(runId, 'm')).rejects.toThrow(/line 2 of .*metrics\/m is not a metric point/)
    expect((await tracker.getRun(runId)).metrics.m?.value).toBe(4)
  })
})

describe('a torn last line', () => {
  it('is left out by readers and removed by the next writer', async () => {
    const storage = memoryStorage()
    const { tracker, runId, folder } = await newRun(storage)
    await tracker.logBatch(runId, { metrics: [point(1), point(2)] })
    await storage.append(`${folder}metrics/m`, utf8('1003 3'))
    const other = filesTracker({ storage })
    expect(await values(other, runId)).toEqual([1, 2])
    expect((await other.getRun(runId)).metrics.m?.value).toBe(2)
    await other.logBatch(runId, { metrics: [point(4)] })
    expect(await text(storage, `${folder}metrics/m`)).toBe('1001 1 1\n1002 2 2\n1004 4 4\n')
  })
})

describe('a batch that fails half-way', () => {
  /** A store whose appends stop after some bytes. */
  function failing(): { storage: ObjectStore; stopAfter: (bytes: number | undefined, key?: RegExp) => void } {
    const inner = memoryStorage()
    let left: number | undefined
    let which = /./
    const storage: ObjectStore = {
      ...inner,
      async append(key, bytes) {
        if (left === undefined || !which.test(key)) return inner.append(key, bytes)
        if (left > 0) await inner.append(key, bytes.subarray(0, left))
        throw new MillwrightError('Unavailable', 'the disk is full')
      },
    }
    return {
      storage,
      stopAfter(bytes, key = /./) {
        left = bytes
        which = key
      },
    }
  }

  it.each([0, 1, 8, 9, 12, 27, 1000])('is finished by handing it in again, after %i bytes', async (bytes) => {
    const { storage, stopAfter } = failing()
    const { tracker, runId, folder } = await newRun(storage)
    await tracker.logBatch(runId, { metrics: [point(1)] })
    const batch = { metrics: [point(2), point(3), point(4, 'other'), point(5)], params: { p: '1' } }
    stopAfter(bytes, /metrics\/m$/)
    await expect(async () => tracker.logBatch(runId, batch)).rejects.toMatchObject({ code: 'Unavailable' })
    // Once more while the disk is full: some more bytes may get in.
    await Promise.resolve(tracker.logBatch(runId, batch)).catch(() => {})
    stopAfter(undefined)
    await tracker.logBatch(runId, batch)
    await tracker.logBatch(runId, { metrics: [point(6)] })
    expect(await text(storage, `${folder}metrics/m`)).toBe('1001 1 1\n1002 2 2\n1003 3 3\n1005 5 5\n1006 6 6\n')
    expect(await text(storage, `${folder}metrics/other`)).toBe('1004 4 4\n')
  })

  it('is finished by handing it in again in pieces', async () => {
    const { storage, stopAfter } = failing()
    const { tracker, runId, folder } = await newRun(storage)
    const [a, b, c] = [point(1, 'a'), point(2, 'b'), point(3, 'c')]
    stopAfter(5, /metrics\/b$/)
    await expect(async () => tracker.logBatch(runId, { metrics: [a, b, c] })).rejects.toMatchObject({ code: 'Unavailable' })
    stopAfter(undefined)
    for (const each of [a, b, c]) await tracker.logBatch(runId, { metrics: [each] })
    for (const [key, line] of Object.entries({ a: '1001 1 1\n', b: '1002 2 2\n', c: '1003 3 3\n' })) {
      expect(await text(storage, `${folder}metrics/${key}`)).toBe(line)
    }
  })
})

describe('two trackers over one storage', () => {
  it('lose no point of a run, with and without append', async () => {
    for (const appendAtomic of [true, false]) {
      const inner = memoryStorage()
      const storage: ObjectStore = { ...inner, capabilities: { ...inner.capabilities, appendAtomic } }
      const { tracker, runId } = await newRun(storage)
      const other = filesTracker({ storage })
      const write = async (backend: TrackerBackend, from: number): Promise<void> => {
        for (let i = 0; i < 20; i++) await backend.logBatch(runId, { metrics: [point(from + i)] })
      }
      await Promise.all([write(tracker, 0), write(other, 100)])
      expect(await values(tracker, runId)).toHaveLength(40)
    }
  })
})

describe('md5Hex', () => {
  it.each([
    ['', 'd41d8cd98f00b204e9800998ecf8427e'],
    ['abc', '900150983cd24fb0d6963f7d28e17f72'],
    ['message digest', 'f96b697d7cb7938d525a2f31aaf161d0'],
    ['12345678901234567890123456789012345678901234567890123456789012345678901234567890', '57edf4a22be3c955ac49da2e2107b67a'],
    ['x'.repeat(55), '04364420e25c512fd958a70738aa8f72'],
    ['x'.repeat(56), '668a72d5ba17f08e62dabcafad6db14b'],
    ['x'.repeat(64), 'c1bb4f81d892b2d57947682aeb252456'],
    ['日本é', '9e11e9db19b2854bbacdb95e342b4075'],
  ])('of %j is that of RFC 1321', (input, digest) => {
    expect(md5Hex(input)).toBe(digest)
  })
})

describe('options', () => {
  it('are checked', () => {
    const storage = memoryStorage()
    expect(() => filesTracker({} as { storage: ObjectStore })).toThrow(/needs `storage`/)
    expect(() => filesTracker({ storage, prefix: '../x' })).toThrow(/prefix of filesTracker/)
    expect(() => filesTracker({ storage, root: 'x' } as { storage: ObjectStore })).toThrow(/`root` is not an option/)
  })
})
