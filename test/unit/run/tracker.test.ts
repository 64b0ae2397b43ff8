import { describe, expect, it } from 'vitest'
import { memoryTracker } from '../../../src/adapters/memory/memory-tracker'
import { fromUtf8 } from '../../../src/core/bytes'
import { MillwrightError } from '../../../src/core/errors'
import type { TrackerBackend } from '../../../src/ports/tracker-backend'
import { createBareTracker as createTracker, type Run } from '../../../src/run'

describe('tracker.run', () => {
  it('ends finished and gives the result', async () => {
    const backend = memoryTracker()
    const tracker = createTracker({ backend, user: 'ada' })
    let runId = ''
    const result = await tracker.run({ experiment: 'e', name: 'n', tags: { a: 'b' }, seed: 5, description: '*d*' }, async (run) => {
      runId = run.runId
      expect(run.seed).toBe(5)
      run.logMetric('m', 1)
      return 'result'
    })
    expect(result).toBe('result')
    const record = await backend.getRun(runId)
    expect([record.status, record.runName, record.user]).toEqual(['finished', 'n', 'ada'])
    expect(record.tags).toMatchObject({ a: 'b', 'millwright.seed': '5', 'mlflow.note.content': '*d*', 'mlflow.user': 'ada' })
  })

  it('ends failed, keeps the message, throws the very error', async () => {
    const backend = memoryTracker()
    const tracker = createTracker({ backend })
    const boom = new TypeError('no such column')
    const failing = tracker.run({ name: 'f' }, (run) => {
      run.logMetric('before', 1)
      throw boom
    })
    await expect(failing).rejects.toBe(boom)
    const [record] = await tracker.search()
    expect([record?.status, record?.tags['millwright.error'], record?.metrics.before?.value]).toEqual([
      'failed',
      'TypeError: no such column',
      1,
    ])
  })

  it('ends killed at once when the signal aborts', async () => {
    const tracker = createTracker({ backend: memoryTracker() })
    const controller = new AbortController()
    let seen: Run | undefined
    const running = tracker.run({ signal: controller.signal }, (run) => {
      seen = run
      return new Promise(() => {})
    })
    while (seen === undefined) await new Promise((resolve) => setTimeout(resolve))
    controller.abort(new Error('stop'))
    await expect(running).rejects.toThrow('stop')
    expect((await tracker.search())[0]?.status).toBe('killed')
    expect(() => (seen as Run).logMetric('m', 1)).toThrow(/is killed/)
    await expect(tracker.run({ signal: controller.signal }, () => 1)).rejects.toThrow('stop')
    expect(await tracker.search()).toHaveLength(1)
  })

  it('keeps the result when the backend fails at the end, and says so', async () => {
    const inner = memoryTracker()
    const broken: TrackerBackend = {
      ...inner,
      logBatch: () => {
        throw new MillwrightError('Unavailable', 'the disk is full')
      },
    }
    const errors: unknown[] = []
    const tracker = createTracker({ backend: broken, onError: (error) => errors.push(error) })
    const result = await tracker.run({}, (run) => {
      run.logMetric('m', 1)
      return 42
    })
    expect(result).toBe(42)
    expect(errors.every((error) => String(error).includes('the disk is full'))).toBe(true)
    expect(errors.length).toBeGreaterThan(0)
    await expect(tracker.flush()).rejects.toMatchObject({ code: 'Unavailable' })
    await expect(tracker.close()).rejects.toMatchObject({ code: 'Unavailable' })
  })
})

describe('runs', () => {
  it('nest by tag, any number of levels', async () => {
    const tracker = createTracker({ backend: memoryTracker() })
    await tracker.run({ experiment: 'nest', name: 'outer' }, async (outer) => {
      await outer.child({ name: 'inner' }, async (inner) => {
        const leaf = await inner.startChild({ name: 'leaf' })
        await leaf.finish()
      })
      const other = await tracker.startRun({ parent: outer, name: 'other' })
      await other.finish()
    })
    const runs = await tracker.search({ experiment: 'nest', orderBy: 'run_name' })
    const idOf = (name: string): string | undefined => runs.find((run) => run.runName === name)?.runId
    expect(runs.map(({ runName, tags }) => [runName, tags['mlflow.parentRunId']])).toEqual([
      ['inner', idOf('outer')],
      ['leaf', idOf('inner')],
      ['other', idOf('outer')],
      ['outer', undefined],
    ])
  })

  it('can be resumed, knowing their params', async () => {
    const backend = memoryTracker()
    const tracker = createTracker({ backend })
    const runId = await tracker.run({ seed: 9 }, (run) => {
      run.logParam('p', 1)
      run.logTable('a.json', [{ x: 1 }])
      return run.runId
    })
    const again = await createTracker({ backend }).resumeRun(runId)
    expect(again.seed).toBe(9)
    expect(() => again.logParam('p', 2)).toThrow(/cannot become/)
    again.logParam('q', 2)
    again.logTable('b.json', [{ x: 1 }])
    expect((await backend.getRun(runId)).status).toBe('running')
    await again.finish('failed')
    const record = await backend.getRun(runId)
    expect([record.status, record.params]).toEqual(['failed', { p: '1', q: '2' }])
    expect(JSON.parse(record.tags['mlflow.loggedArtifacts'] as string)).toHaveLength(2)
    await expect(tracker.resumeRun('0'.repeat(32))).rejects.toMatchObject({ code: 'NotFound' })
  })

  it('get seeded names', async () => {
    const names = async (): Promise<string[]> => {
      const tracker = createTracker({ backend: memoryTracker(), seed: 3 })
      return [(await tracker.startRun()).name, (await tracker.startRun()).name]
    }
    const [first, second] = await names()
    expect(await names()).toEqual([first, second])
    expect(first).toMatch(/^[a-z]+-[a-z]+-\d{1,3}$/)
    expect(first).not.toBe(second)
  })

  it('record the environment, once asked for, and survive its failure', async () => {
    const backend = memoryTracker()
    let asked = 0
    const tracker = createTracker({
      backend,
      environment: () => {
        asked++
        return {
          user: 'eve',
          runtime: 'node',
          runtimeVersion: '22',
          gitCommit: 'abc',
          gitDirty: false,
          packageName: 'p',
          packageVersion: '1.0.0',
          entryScript: 'x.ts',
        }
      },
    })
    const run = await tracker.startRun({ seed: 1 })
    await (await tracker.startRun()).finish()
    await run.finish()
    expect(asked).toBe(1)
    const { tags, user } = await backend.getRun(run.runId)
    expect(user).toBe('eve')
    expect(tags).toMatchObject({
      'mlflow.source.git.commit': 'abc',
      'mlflow.source.git.dirty': 'false',
      'mlflow.source.name': 'x.ts',
      'mlflow.source.type': 'LOCAL',
      'millwright.package': 'p@1.0.0',
      'millwright.runtime': 'node 22',
    })
    const file = fromUtf8(await backend.getArtifact({ runId: run.runId }, 'environment.json'))
    expect(JSON.parse(file)).toMatchObject({ gitCommit: 'abc', user: 'eve', seed: 1 })

    const errors: unknown[] = []
    const failing = createTracker({
      backend,
      onError: (error) => errors.push(error),
      environment: () => {
        throw new Error('no git')
      },
    })
    await (await failing.startRun()).finish()
    expect(errors.map(String)).toEqual(['Error: no git'])
  })
})

describe('finding', () => {
  it('sees what open runs hold, by experiment name', async () => {
    const tracker = createTracker({ backend: memoryTracker() })
    const a = await tracker.startRun({ experiment: 'a', name: 'one' })
    await tracker.startRun({ experiment: 'b', name: 'two' })
    a.logMetric('acc', 0.9)
    a.logParam('p', 'x')
    expect((await tracker.search({ filter: 'metrics.acc > 0.5' })).map(({ runName }) => runName)).toEqual(['one'])
    expect(await tracker.search({ experiment: 'none' })).toEqual([])
    expect((await tracker.search({ experiment: ['a', 'b'], orderBy: ['run_name DESC'] })).map(({ runName }) => runName)).toEqual([
      'two',
      'one',
    ])
    expect((await tracker.search({ limit: 1 })).length).toBe(1)
    expect((await tracker.experiments()).map(({ name }) => name)).toEqual(['Default', 'a', 'b'])
    expect((await tracker.metricHistory(a.runId, 'acc')).map(({ value }) => value)).toEqual([0.9])
    expect((await tracker.getRun(a.runId)).params).toEqual({ p: 'x' })
    await expect(tracker.search({ filter: 'acc > 1' })).rejects.toMatchObject({ code: 'InvalidArgument' })
  })

  it('compares runs', async () => {
    const clockless = createTracker({ backend: memoryTracker() })
    const ids: string[] = []
    for (const [depth, loss] of [
      [3, 0.5],
      [4, 0.5],
    ] as const) {
      ids.push(
        await clockless.run({ name: `d${depth}` }, (run) => {
          run.logParams({ depth, same: 'x' })
          run.logMetric('loss', loss)
          if (depth === 4) run.logMetric('extra', 1)
          return run.runId
        }),
      )
    }
    const { runs, params, metrics } = await clockless.compareRuns(ids)
    expect(runs.map(({ name, status, durationMs }) => [name, status, (durationMs ?? -1) >= 0])).toEqual([
      ['d3', 'finished', true],
      ['d4', 'finished', true],
    ])
    expect(params).toEqual([
      { name: 'depth', values: ['3', '4'], differs: true },
      { name: 'same', values: ['x', 'x'], differs: false },
    ])
    expect(metrics).toEqual([
      { name: 'extra', values: [null, 1], differs: true },
      { name: 'loss', values: [0.5, 0.5], differs: false },
    ])
  })

  it('pages through long histories', async () => {
    const tracker = createTracker({ backend: memoryTracker() })
    const run = await tracker.startRun()
    for (let i = 0; i < 60_000; i++) run.logMetric('m', i, { step: i, timestamp: i })
    const history = await tracker.metricHistory(run.runId, 'm')
    expect(history.length).toBe(60_000)
    expect(history.every(({ value }, i) => value === i)).toBe(true)
  })
})

describe('options', () => {
  it.each([
    [{}, /needs `backend`/],
    [{ backend: memoryTracker(), flushInterval: 5 }, /`flushInterval` is not an option of createTracker/],
    [{ backend: memoryTracker(), flushIntervalMs: -1 }, /`flushIntervalMs` of createTracker must be a whole number ≥ 0, got -1/],
  ])('of createTracker are checked: %#', (options, message) => {
    expect(() => createTracker(options as unknown as Parameters<typeof createTracker>[0])).toThrow(message)
  })

  it('of startRun and search are checked, and a closed tracker starts nothing', async () => {
    const tracker = createTracker({ backend: memoryTracker() })
    await expect(tracker.startRun({ experimnet: 'x' } as object)).rejects.toThrow(/is not an option of startRun/)
    await expect(tracker.startRun({ parent: {} as Run })).rejects.toThrow(/must be a run/)
    await expect(tracker.search({ limit: 0 })).rejects.toThrow(/`limit` of search/)
    await expect(tracker.run({}, 5 as unknown as () => void)).rejects.toThrow(/takes options and a function/)
    await tracker.close()
    await tracker.close()
    await expect(tracker.startRun()).rejects.toMatchObject({ code: 'InvalidState' })
  })
})
