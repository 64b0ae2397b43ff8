import { describe, expect, it } from 'vitest'
import { memoryTracker } from '../../../src/adapters/memory/memory-tracker'
import { fromUtf8, utf8 } from '../../../src/core/bytes'
import type { Clock } from '../../../src/core/clock'
import { isMillwrightError, MillwrightError } from '../../../src/core/errors'
import type { ModelPackage } from '../../../src/ports/model'
import type { TrackerBackend } from '../../../src/ports/tracker-backend'
import { createBareTracker as createTracker, type Run, type RunEndEvent } from '../../../src/run'
import { tableFromRows } from '../../../src/schema/table'
import { manualClock } from './manual-clock'

async function started(
  options: { backend?: TrackerBackend; clock?: Clock } = {},
): Promise<{ run: Run; backend: TrackerBackend; errors: unknown[] }> {
  const { backend = memoryTracker(), clock } = options
  const errors: unknown[] = []
  const tracker = createTracker({ backend, clock, seed: 1, onError: (error) => errors.push(error), fingerprint: () => 'f'.repeat(64) })
  return { run: await tracker.startRun({ experiment: 'unit', name: 'r' }), backend, errors }
}

const codeOf = (work: () => unknown): string => {
  try {
    work()
  } catch (error) {
    if (isMillwrightError(error)) return error.code
    throw error
  }
  return 'nothing thrown'
}

describe('params', () => {
  it('are flattened and written as texts', async () => {
    const { run, backend } = await started()
    run.logParams({
      a: 1,
      b: { c: true, d: { e: 'x' } },
      list: [1, 'two', null],
      steps: [{ name: 's' }, { k: 2 }],
      none: null,
      skip: undefined,
      f: Math.max,
      at: new Date(0),
    })
    run.logParam('single', 0.1)
    run.logParam('tree', { depth: 3 })
    await run.flush()
    expect((await backend.getRun(run.runId)).params).toEqual({
      a: '1',
      'b.c': 'true',
      'b.d.e': 'x',
      list: '[1,"two",null]',
      'steps.0.name': 's',
      'steps.1.k': '2',
      none: 'null',
      f: 'max',
      at: '1970-01-01T00:00:00.000Z',
      single: '0.1',
      'tree.depth': '3',
    })
  })

  it('are all refused when one is wrong, and cannot change', async () => {
    const { run, backend } = await started()
    run.logParam('fixed', 1)
    run.logParam('fixed', '1')
    expect(codeOf(() => run.logParam('fixed', 2))).toBe('Conflict')
    expect(codeOf(() => run.logParams({ ok: 1, fixed: 3 }))).toBe('Conflict')
    expect(codeOf(() => run.logParams({ ok: 1, long: 'x'.repeat(6001) }))).toBe('InvalidArgument')
    expect(codeOf(() => run.logParams({ ok: 1, 'a/../b': 1 }))).toBe('InvalidArgument')
    expect(codeOf(() => run.logParam('', 1))).toBe('InvalidArgument')
    expect(codeOf(() => run.logParams(7 as unknown as object))).toBe('InvalidArgument')
    const cycle: Record<string, unknown> = {}
    cycle.self = cycle
    expect(codeOf(() => run.logParams(cycle))).toBe('InvalidArgument')
    await run.finish()
    expect((await backend.getRun(run.runId)).params).toEqual({ fixed: '1' })
  })
})

describe('metrics', () => {
  it('keep step, time and order', async () => {
    const clock = manualClock(5000)
    const { run, backend } = await started({ clock })
    run.logMetric('loss', 1)
    clock.advance(10)
    run.logMetric('loss', Number.NaN, { step: 1 })
    run.logMetrics({ loss: Number.POSITIVE_INFINITY, acc: 0.5 }, { step: 2, timestamp: 6000 })
    await run.flush()
    const { items } = await backend.getMetricHistory(run.runId, 'loss')
    expect(items).toEqual([
      { key: 'loss', value: 1, step: 0, timestamp: 5000 },
      { key: 'loss', value: Number.NaN, step: 1, timestamp: 5010 },
      { key: 'loss', value: Number.POSITIVE_INFINITY, step: 2, timestamp: 6000 },
    ])
  })

  it('refuse what is no number, no step, no time, no key', async () => {
    const { run, backend } = await started()
    for (const value of ['1', null, undefined, {}, 1n, true]) {
      expect(codeOf(() => run.logMetric('m', value as unknown as number))).toBe('InvalidArgument')
    }
    for (const step of [0.5, Number.NaN, 2 ** 53, '1']) {
      expect(codeOf(() => run.logMetric('m', 1, { step: step as number }))).toBe('InvalidArgument')
    }
    for (const timestamp of [-1, 0.5, Number.POSITIVE_INFINITY])
      expect(codeOf(() => run.logMetric('m', 1, { timestamp }))).toBe('InvalidArgument')
    for (const key of ['', '/a', 'a/', 'a//b', 'a\\b', 'a%b', 'x'.repeat(251), 5 as unknown as string]) {
      expect(codeOf(() => run.logMetric(key, 1))).toBe('InvalidArgument')
    }
    expect(codeOf(() => run.logMetrics({ good: 1, bad: '2' as unknown as number }))).toBe('InvalidArgument')
    await run.finish()
    expect((await backend.getRun(run.runId)).metrics).toEqual({})
  })

  it('tell listeners, whose errors go to `error`', async () => {
    const errors: unknown[] = []
    const tracker = createTracker({ backend: memoryTracker(), onError: (error) => errors.push(error) })
    const seen: number[] = []
    tracker.on('metric-logged', ({ value }) => seen.push(value))
    tracker.on('metric-logged', () => {
      throw new Error('listener')
    })
    await tracker.run({}, (run) => run.logMetrics({ a: 1, b: 2 }))
    expect(seen).toEqual([1, 2])
    expect(errors.map(String)).toEqual(['Error: listener', 'Error: listener'])
  })
})

describe('artifacts and inputs', () => {
  it('store bytes (copied), text, JSON, tables', async () => {
    const { run, backend } = await started()
    const bytes = utf8('bytes')
    run.logArtifact('a/b.bin', bytes)
    bytes.fill(0)
    run.logText('note.txt', 'text')
    run.logJson('x.json', { b: Number.NaN, a: [1] })
    run.logJson('y.json', { k: 'v' })
    const table = tableFromRows([
      { n: 1, s: 'x' },
      { n: null, s: 'ü' },
    ])
    run.logTable('t.json', table)
    run.logTable('u/v.json', [{ q: 1 }])
    run.logTable('t.json', table)
    await run.finish()
    const read = async (path: string): Promise<string> => fromUtf8(await backend.getArtifact({ runId: run.runId }, path))
    expect(await read('a/b.bin')).toBe('bytes')
    expect(await read('note.txt')).toBe('text')
    expect(await read('x.json')).toBe('{"a":[1],"b":"NaN"}\n')
    expect(await read('t.json')).toBe('{"columns":["n","s"],"data":[[1,"x"],[null,"ü"]]}')
    expect(JSON.parse((await backend.getRun(run.runId)).tags['mlflow.loggedArtifacts'] as string)).toEqual([
      { path: 't.json', type: 'table' },
      { path: 'u/v.json', type: 'table' },
    ])
  })

  it('refuse paths that lead elsewhere', async () => {
    const { run } = await started()
    for (const path of ['../x', '/x', 'a/../../x', '', 'C:\\x', 'a\u0000'])
      expect(codeOf(() => run.logText(path, ''))).toBe('InvalidArgument')
    expect(codeOf(() => run.logTable('t.csv', []))).toBe('InvalidArgument')
  })

  it('record datasets as MLflow does', async () => {
    const { run, backend } = await started()
    run.logInput(tableFromRows([{ n: 1, s: null }], { n: 'int32', s: 'string' }), { context: 'training', source: 'https://x.org/d.csv' })
    run.logInput({ name: 'far', digest: 'abc', numRows: 7, source: 's3://bucket/key' })
    expect(codeOf(() => run.logInput({ name: 'nothing known' }))).toBe('InvalidArgument')
    await run.flush()
    expect((await backend.getRun(run.runId)).datasets).toEqual([
      {
        name: 'dataset',
        digest: 'f'.repeat(36),
        sourceType: 'http',
        source: '{"url":"https://x.org/d.csv"}',
        schema: '{"mlflow_colspec":[{"type":"integer","name":"n","required":true},{"type":"string","name":"s","required":false}]}',
        profile: '{"num_rows":1,"num_elements":2}',
        context: 'training',
      },
      { name: 'far', digest: 'abc', sourceType: 's3', source: '{"uri":"s3://bucket/key"}', profile: '{"num_rows":7}' },
    ])
  })

  it('need a digest for a table when nobody can make one', async () => {
    const run = await createTracker({ backend: memoryTracker() }).startRun()
    expect(codeOf(() => run.logInput(tableFromRows([{ a: 1 }])))).toBe('InvalidArgument')
    expect(codeOf(() => run.logInput(tableFromRows([{ a: 1 }]), { digest: 'd' }))).toBe('nothing thrown')
  })
})

describe('models', () => {
  const model: ModelPackage = {
    flavor: 'onnx',
    signature: { inputs: [{ name: 'X', dtype: 'float32', shape: [-1, 2] }], outputs: [] },
    files: { 'model.onnx': utf8('onnx') },
    task: 'regression',
  }

  it('are stored with their files, an MLmodel and a link', async () => {
    const { run, backend } = await started()
    const logged = await run.logModel('forest', { pack: () => model }, { step: 3, params: { deep: { a: 1 } }, tags: { t: 'u' } })
    expect(logged.status).toBe('ready')
    const record = await backend.getModel(logged.modelId)
    expect([record.status, record.sourceRunId, record.params, record.tags]).toEqual(['ready', run.runId, { 'deep.a': '1' }, { t: 'u' }])
    expect((await backend.getRun(run.runId)).outputModels).toEqual([{ modelId: logged.modelId, step: 3 }])
    const text = fromUtf8(await backend.getArtifact({ modelId: logged.modelId }, 'MLmodel'))
    expect(text).toContain('loader_module: mlflow.onnx')
    expect(text).toContain(`model_id: ${logged.modelId}`)
    expect(fromUtf8(await backend.getArtifact({ modelId: logged.modelId }, 'model.onnx'))).toBe('onnx')
  })

  it('are marked failed when a file cannot be stored', async () => {
    const backend = memoryTracker()
    const failing: TrackerBackend = {
      ...backend,
      putArtifact: () => {
        throw new MillwrightError('Unavailable', 'disk full')
      },
    }
    let modelId = ''
    const watched: TrackerBackend = {
      ...failing,
      createModel: async (init) => {
        const record = await backend.createModel(init)
        modelId = record.modelId
        return record
      },
    }
    const { run } = await started({ backend: watched })
    await expect(run.logModel('m', model)).rejects.toMatchObject({ code: 'Unavailable' })
    expect((await backend.getModel(modelId)).status).toBe('failed')
    await expect(run.logModel('a/b', model)).rejects.toMatchObject({ code: 'InvalidArgument' })
  })
})

describe('the end', () => {
  it('stores everything, tells, and closes the run', async () => {
    const backend = memoryTracker()
    const tracker = createTracker({ backend })
    const ended: RunEndEvent[] = []
    tracker.on('run-end', (event) => ended.push(event))
    const run = await tracker.startRun({ name: 'x' })
    run.logMetric('m', 1)
    await Promise.all([run.finish(), run.finish(), run.finish('failed')])
    await run.finish()
    expect(ended.map(({ name, status }) => [name, status])).toEqual([['x', 'finished']])
    expect((await backend.getRun(run.runId)).metrics.m?.value).toBe(1)
    expect(run.status).toBe('finished')
    for (const late of [
      () => run.logMetric('m', 2),
      () => run.logParam('p', 1),
      () => run.setTag('t', 'v'),
      () => run.logText('t', ''),
      () => run.logInput({ name: 'd', digest: '1' }),
    ]) {
      expect(codeOf(late)).toBe('InvalidState')
    }
    await expect(run.logModel('m', { pack: () => Promise.reject(new Error('never asked')) })).rejects.toMatchObject({
      code: 'InvalidState',
    })
    await expect(run.finish('running' as 'finished')).rejects.toMatchObject({ code: 'InvalidArgument' })
  })
})
