/** What every tracker backend promises, as a list of checks. */
import { fromUtf8, utf8 } from '../core/bytes'
import { isMillwrightError } from '../core/errors'
import { createRng } from '../core/random'
import type { MetricPoint, RunRecord, TrackerBackend } from '../ports/tracker-backend'
import type { Check, CheckContext } from './check'
import { expectCode, expectEqual, expectThat } from './expect'
import { hostileNames } from './hostile-names'
import { trackerSearchChecks } from './tracker-search-checks'

type Context = CheckContext<TrackerBackend>

/**
 * The checks of the tracker backend port: {@link TrackerBackend} says what they check. Each takes an empty backend.
 *
 * @example
 * bindChecks(trackerChecks(), { make: () => memoryTracker() }, { describe, it })
 */
export function trackerChecks(): readonly Check<TrackerBackend>[] {
  return [...experiments(), ...runs(), ...metrics(), ...batches(), ...artifacts(), ...names(), ...trackerSearchChecks(), ...lifetime()]
}

function check(name: string, run: (context: Context) => Promise<void>, requires: readonly string[] = []): Check<TrackerBackend> {
  return { name, requires, run }
}

/** A run to write to. */
async function newRun(backend: TrackerBackend, name = 'a run'): Promise<RunRecord> {
  const { experimentId } = await backend.ensureExperiment('checks')
  return backend.createRun({ experimentId, runName: name, startTime: 1_700_000_000_000, user: 'ada' })
}

async function history(backend: TrackerBackend, runId: string, key: string, limit?: number): Promise<MetricPoint[]> {
  const points: MetricPoint[] = []
  let cursor: string | undefined
  do {
    const page = await backend.getMetricHistory(runId, key, { limit, cursor })
    points.push(...page.items)
    cursor = page.items.length === 0 ? undefined : page.cursor
  } while (cursor !== undefined)
  return points
}

function point(key: string, value: number, step = 0, timestamp = 1_700_000_000_000 + step): MetricPoint {
  return { key, value, step, timestamp }
}

function experiments(): Check<TrackerBackend>[] {
  return [
    check('an experiment is made once and found by its name', async ({ subject }) => {
      const made = await subject.ensureExperiment('first', { tags: { team: 'blue' } })
      const again = await subject.ensureExperiment('first')
      expectEqual(again.experimentId, made.experimentId, 'id of the same name')
      const read = await subject.getExperiment(made.experimentId)
      expectEqual([read.name, read.lifecycleStage, read.tags.team], ['first', 'active', 'blue'], 'the experiment read back')
      const other = await subject.ensureExperiment('second')
      expectThat(other.experimentId !== made.experimentId, 'another name is another experiment')
      const listed = (await subject.listExperiments()).map(({ name }) => name)
      expectThat(listed.includes('first') && listed.includes('second'), 'both are listed')
    }),
    check('experiment 0 is called Default', async ({ subject }) => {
      expectEqual((await subject.ensureExperiment('Default')).experimentId, '0', 'id of Default')
    }),
    check('callers that race for a new experiment get the same one', async ({ subject, reopen }) => {
      const other = (await reopen?.()) ?? subject
      const made = await Promise.all([subject, other, subject, other].map(async (backend) => backend.ensureExperiment('raced')))
      expectEqual(new Set(made.map(({ experimentId }) => experimentId)).size, 1, 'number of experiments made')
      if (other !== subject) await other.close()
    }),
    check('what does not exist is NotFound', async ({ subject }) => {
      await subject.ensureExperiment('checks')
      await expectCode(() => subject.getExperiment('999999'), 'NotFound', 'an unknown experiment')
      await expectCode(() => subject.getRun('0123456789abcdef0123456789abcdef'), 'NotFound', 'an unknown run')
      await expectCode(() => subject.getModel('m-0123456789abcdef0123456789abcdef'), 'NotFound', 'an unknown model')
      await expectCode(() => subject.createRun({ experimentId: '999999', startTime: 0 }), 'NotFound', 'a run of an unknown experiment')
      await expectCode(() => subject.logBatch('0123456789abcdef0123456789abcdef', { tags: { a: 'b' } }), 'NotFound', 'an unknown run')
    }),
  ]
}

function runs(): Check<TrackerBackend>[] {
  return [
    check('a run is read back as it was made', async ({ subject }) => {
      const { experimentId } = await subject.ensureExperiment('checks')
      const made = await subject.createRun({
        experimentId,
        runName: 'one',
        startTime: 1234,
        user: 'ada',
        tags: { color: 'red', empty: '' },
      })
      const read = await subject.getRun(made.runId)
      expectEqual(
        [read.runName, read.experimentId, read.status, read.startTime, read.endTime],
        ['one', experimentId, 'running', 1234, undefined],
        'its head',
      )
      expectEqual(
        [read.tags.color, read.tags.empty, read.tags['mlflow.runName'], read.user],
        ['red', '', 'one', 'ada'],
        'its tags and user',
      )
      expectEqual([read.params, read.metrics, read.datasets, read.inputModels, read.outputModels], [{}, {}, [], [], []], 'what it lacks')
      expectEqual(read.lifecycleStage, 'active', 'its stage')
    }),
    check('a run ends, and can be opened again', async ({ subject }) => {
      const { runId } = await newRun(subject)
      for (const status of ['finished', 'failed', 'killed'] as const) {
        await subject.updateRun(runId, { status, endTime: 1_700_000_009_000 })
        const ended = await subject.getRun(runId)
        expectEqual([ended.status, ended.endTime], [status, 1_700_000_009_000], 'the ended run')
        await expectCode(() => subject.logBatch(runId, { metrics: [point('late', 1)] }), 'InvalidState', `a metric for a ${status} run`)
        await expectCode(() => subject.logBatch(runId, { params: { late: '1' } }), 'InvalidState', `a param for a ${status} run`)
        await subject.logBatch(runId, { tags: { [`after-${status}`]: 'fine' } })
        await subject.updateRun(runId, { status: 'running' })
        const open = await subject.getRun(runId)
        expectEqual([open.status, open.endTime, open.tags[`after-${status}`]], ['running', undefined, 'fine'], 'the run opened again')
        expectEqual([open.params, open.metrics], [{}, {}], 'nothing of what was refused')
      }
    }),
    check('a run is renamed by its name and by its tag', async ({ subject }) => {
      const { runId } = await newRun(subject, 'before')
      await subject.updateRun(runId, { runName: 'middle' })
      const middle = await subject.getRun(runId)
      expectEqual([middle.runName, middle.tags['mlflow.runName'], middle.status], ['middle', 'middle', 'running'], 'renamed')
      await subject.logBatch(runId, { tags: { 'mlflow.runName': 'after' } })
      const after = await subject.getRun(runId)
      expectEqual([after.runName, after.tags['mlflow.runName']], ['after', 'after'], 'renamed by tag')
    }),
    check('a deleted run stays readable and takes nothing', async ({ subject }) => {
      const { runId } = await newRun(subject)
      await subject.logBatch(runId, { params: { a: '1' } })
      await subject.deleteRun(runId)
      const read = await subject.getRun(runId)
      expectEqual([read.lifecycleStage, read.params.a], ['deleted', '1'], 'the deleted run')
      await expectCode(() => subject.logBatch(runId, { tags: { a: 'b' } }), 'InvalidState', 'a tag for a deleted run')
      await expectCode(() => subject.logBatch(runId, { metrics: [point('a', 1)] }), 'InvalidState', 'a metric for a deleted run')
    }),
    check('a run id of the caller is kept, and taken only once', async ({ subject }) => {
      const { experimentId } = await subject.ensureExperiment('checks')
      const runId = 'abcdef0123456789abcdef0123456789'
      expectEqual((await subject.createRun({ experimentId, startTime: 1, runId })).runId, runId, 'the id')
      await expectCode(() => subject.createRun({ experimentId, startTime: 1, runId }), 'AlreadyExists', 'the id again')
    }),
    check('records are snapshots', async ({ subject }) => {
      const { runId } = await newRun(subject)
      const before = await subject.getRun(runId)
      await subject.logBatch(runId, { params: { a: '1' }, tags: { b: '2' }, metrics: [point('c', 3)] })
      await subject.updateRun(runId, { status: 'finished', endTime: 1_700_000_000_009 })
      expectEqual([before.params, before.tags.b, before.metrics, before.status], [{}, undefined, {}, 'running'], 'the record read before')
    }),
  ]
}

function metrics(): Check<TrackerBackend>[] {
  return [
    check('points come back in the order of time, step and value', async ({ subject }) => {
      const { runId } = await newRun(subject)
      const rng = createRng(7)
      const given = Array.from({ length: 400 }, (_, i) => point('m', i / 8, rng.int(9) - 4, 1_700_000_000_000 + rng.int(20)))
      for (let i = 0; i < given.length; i += 40) await subject.logBatch(runId, { metrics: given.slice(i, i + 40) })
      const expected = [...given].sort((a, b) => a.timestamp - b.timestamp || a.step - b.step || a.value - b.value)
      expectEqual(await history(subject, runId, 'm'), expected, 'the history')
      const last = [...given].sort((a, b) => a.step - b.step || a.timestamp - b.timestamp || a.value - b.value).at(-1)
      expectEqual((await subject.getRun(runId)).metrics.m, last, 'the last point: greatest step, time, value')
    }),
    check('pages resume where they ended', async ({ subject }) => {
      const { runId } = await newRun(subject)
      await subject.logBatch(runId, { metrics: Array.from({ length: 95 }, (_, i) => point('m', i, i)) })
      const first = await subject.getMetricHistory(runId, 'm', { limit: 10 })
      expectEqual(first.items.length, 10, 'size of a page')
      await subject.logBatch(runId, { metrics: [point('m', 95, 95)] })
      const rest: MetricPoint[] = [...first.items]
      for (let cursor = first.cursor; cursor !== undefined; ) {
        const page = await subject.getMetricHistory(runId, 'm', { limit: 10, cursor })
        rest.push(...page.items)
        cursor = page.cursor
      }
      expectEqual(
        rest.map(({ value }) => value),
        Array.from({ length: 96 }, (_, i) => i),
        'all pages, with a point added meanwhile',
      )
      expectEqual((await subject.getMetricHistory(runId, 'no such')).items, [], 'the history of no metric')
    }),
    check('NaN, the infinities and odd numbers come back', async ({ subject }) => {
      const { runId } = await newRun(subject)
      const values = [
        Number.NaN,
        Number.POSITIVE_INFINITY,
        Number.NEGATIVE_INFINITY,
        5e-324,
        1.7976931348623157e308,
        0.1 + 0.2,
        1e21,
        1e-7,
        123456789.12345679,
      ]
      await subject.logBatch(runId, { metrics: values.map((value, i) => point('m', value, i)) })
      const read = await history(subject, runId, 'm')
      // MLflow's SQL stores keep an infinity as the greatest double, so the two are one there.
      const same = (a: number, b: number | undefined): boolean =>
        Object.is(a, b) || (b === Number.MAX_VALUE && a === Number.POSITIVE_INFINITY)
      expectThat(
        read.length === values.length && read.every(({ value }, i) => same(value, values[i])),
        `the values ${values.join(', ')}, got ${read.map(({ value }) => value).join(', ')}`,
      )
      await subject.logBatch(runId, { metrics: [point('nan', Number.NaN)] })
      expectThat(Number.isNaN((await subject.getRun(runId)).metrics.nan?.value), 'NaN as the last value')
    }),
    check('steps may be negative and great', async ({ subject }) => {
      const { runId } = await newRun(subject)
      const steps = [-Number.MAX_SAFE_INTEGER, -1, 0, Number.MAX_SAFE_INTEGER]
      await subject.logBatch(runId, { metrics: steps.map((step) => ({ key: 'm', value: 1, step, timestamp: 5 })) })
      expectEqual(
        (await history(subject, runId, 'm')).map(({ step }) => step),
        steps,
        'the steps',
      )
    }),
    check('clock ties lose nothing, equal points are one', async ({ subject }) => {
      const { runId } = await newRun(subject)
      const tied = Array.from({ length: 50 }, (_, i) => point('m', i % 25, 3, 1_700_000_000_000))
      await subject.logBatch(runId, { metrics: tied })
      await subject.logBatch(runId, { metrics: tied.slice(0, 10) })
      expectEqual(
        (await history(subject, runId, 'm')).map(({ value }) => value),
        Array.from({ length: 25 }, (_, i) => i),
        'the distinct values',
      )
    }),
    check('concurrent appenders lose nothing', async ({ subject }) => {
      const { runId } = await newRun(subject)
      const writers = Array.from({ length: 8 }, async (_, writer) => {
        for (let i = 0; i < 10; i++)
          await subject.logBatch(runId, { metrics: [point('m', writer * 10 + i, i, 1000 + i), point(`own/${writer}`, i, i)] })
      })
      await Promise.all(writers)
      const values = (await history(subject, runId, 'm')).map(({ value }) => value).sort((a, b) => a - b)
      expectEqual(
        values,
        Array.from({ length: 80 }, (_, i) => i),
        'every point of every writer',
      )
      expectEqual(Object.keys((await subject.getRun(runId)).metrics).length, 9, 'number of metrics')
    }),
    check('a large batch is stored whole', async ({ subject }) => {
      const { runId } = await newRun(subject)
      const given = Array.from({ length: 30_000 }, (_, i) => point(`m${i % 3}`, i / 7, i))
      await subject.logBatch(runId, { metrics: given })
      expectEqual((await history(subject, runId, 'm1')).length, 10_000, 'points of one metric')
      expectEqual((await subject.getRun(runId)).metrics.m2?.step, 29_999, 'the last step')
    }),
  ]
}

function batches(): Check<TrackerBackend>[] {
  return [
    check('params are written once, tags are replaced', async ({ subject, reopen }) => {
      const { runId } = await newRun(subject)
      await subject.logBatch(runId, { params: { depth: '3', note: 'ü\n"x"\r\n', empty: '' }, tags: { state: 'a', both: '1' } })
      await subject.logBatch(runId, { params: { depth: '3', more: '4' }, tags: { state: 'b' } })
      const error = await expectCode(
        () => subject.logBatch(runId, { params: { more: '4', depth: '5' } }),
        'Conflict',
        'another value of a param',
      )
      expectThat(error.message.includes('depth'), 'the message names the param')
      const other = await reopen?.()
      if (other !== undefined) {
        await expectCode(() => other.logBatch(runId, { params: { depth: '6' } }), 'Conflict', 'another value from elsewhere')
        await other.close()
      }
      const { params, tags } = await subject.getRun(runId)
      expectEqual(params, { depth: '3', note: 'ü\n"x"\r\n', empty: '', more: '4' }, 'the params')
      expectEqual([tags.state, tags.both], ['b', '1'], 'the tags')
    }),
    check('a batch with anything wrong in it stores nothing', async ({ subject }) => {
      const { runId } = await newRun(subject)
      await subject.logBatch(runId, { params: { fixed: '1' } })
      const wrong = [
        { params: { ok: '1' }, metrics: [point('', 1)] },
        { params: { ok: '1' }, metrics: [{ ...point('m', 1), step: 0.5 }] },
        { params: { ok: '1' }, metrics: [{ ...point('m', 1), timestamp: -1 }] },
        { params: { ok: '1' }, metrics: [{ ...point('m', 1), timestamp: Number.NaN }] },
        { tags: { ok: '1' }, metrics: [{ ...point('m', 1), value: '1' as unknown as number }] },
        { tags: { ok: '1' }, params: { long: 'x'.repeat(6001) } },
        { metrics: [point('ok', 1)], tags: { long: 'x'.repeat(8001) } },
        { metrics: [point('ok', 1)], datasets: [{ name: 'd', digest: 'x'.repeat(37), sourceType: 'code', source: '{}' }] },
      ]
      for (const batch of wrong) await expectCode(() => subject.logBatch(runId, batch), 'InvalidArgument', 'a wrong batch')
      await expectCode(() => subject.logBatch(runId, { metrics: [point('ok', 1)], params: { fixed: '2' } }), 'Conflict', 'a changed param')
      const read = await subject.getRun(runId)
      expectEqual([read.params, read.tags.ok, read.metrics], [{ fixed: '1' }, undefined, {}], 'what is stored')
    }),
    check('datasets and models are linked once', async ({ subject }) => {
      const { runId, experimentId } = await newRun(subject)
      const data = {
        name: 'flights',
        digest: 'abc123',
        sourceType: 'local',
        source: '{"uri":"f.csv"}',
        schema: '{"mlflow_colspec":[]}',
        profile: '{"num_rows":5}',
      }
      const { modelId } = await subject.createModel({ experimentId, name: 'forest', sourceRunId: runId, createdAt: 5 })
      const batch = { datasets: [{ ...data, context: 'training' }], inputModels: [modelId], outputModels: [{ modelId, step: 7 }] }
      await subject.logBatch(runId, batch)
      await subject.logBatch(runId, batch)
      await subject.logBatch(runId, { datasets: [{ name: 'plain', digest: '1', sourceType: 'code', source: '{}' }] })
      const read = await subject.getRun(runId)
      const datasets = [...read.datasets].sort((a, b) => (a.name < b.name ? -1 : 1))
      expectEqual(
        datasets,
        [
          { ...data, context: 'training' },
          { name: 'plain', digest: '1', sourceType: 'code', source: '{}' },
        ],
        'the datasets',
      )
      expectEqual([read.inputModels, read.outputModels], [[modelId], [{ modelId, step: 7 }]], 'the models')
    }),
  ]
}

function artifacts(): Check<TrackerBackend>[] {
  return [
    check('artifacts come back byte by byte and are listed by folder', async ({ subject }) => {
      const { runId } = await newRun(subject)
      const bytes = Uint8Array.from({ length: 100_000 }, (_, i) => (i * 7919) % 256)
      await subject.putArtifact({ runId }, 'deep/er/data.bin', bytes)
      await subject.putArtifact({ runId }, 'deep/note.txt', utf8('one'))
      await subject.putArtifact({ runId }, 'deep/note.txt', utf8('three'))
      await subject.putArtifact({ runId }, 'empty', new Uint8Array(0))
      const read = await subject.getArtifact({ runId }, 'deep/er/data.bin')
      expectThat(read.length === bytes.length && read.every((byte, i) => byte === bytes[i]), 'the bytes written are the bytes read')
      expectEqual(fromUtf8(await subject.getArtifact({ runId }, 'deep/note.txt')), 'three', 'an artifact written twice')
      expectEqual(
        await subject.listArtifacts({ runId }),
        [
          { path: 'deep', isFolder: true },
          { path: 'empty', isFolder: false, sizeBytes: 0 },
        ],
        'the root',
      )
      expectEqual(
        await subject.listArtifacts({ runId }, 'deep'),
        [
          { path: 'deep/er', isFolder: true },
          { path: 'deep/note.txt', isFolder: false, sizeBytes: 5 },
        ],
        'a folder',
      )
      expectEqual(await subject.listArtifacts({ runId }, 'none'), [], 'a folder that is not there')
      await expectCode(() => subject.getArtifact({ runId }, 'none'), 'NotFound', 'a missing artifact')
    }),
    check('a logged model goes from pending to ready or failed', async ({ subject }) => {
      const { runId, experimentId } = await newRun(subject)
      const made = await subject.createModel({
        experimentId,
        name: 'forest',
        sourceRunId: runId,
        modelType: 'rf',
        createdAt: 1_700_000_000_000,
        tags: { a: 'b' },
        params: { trees: '10' },
      })
      expectThat(/^m-[0-9a-z]+$/.test(made.modelId), `a model id is m- and letters or digits, got ${made.modelId}`)
      expectEqual(made.status, 'pending', 'status at first')
      await subject.putArtifact({ modelId: made.modelId }, 'model.bin', utf8('weights'))
      await subject.finishModel(made.modelId, 'ready')
      const read = await subject.getModel(made.modelId)
      expectEqual(
        [read.name, read.status, read.sourceRunId, read.modelType, read.tags, read.params],
        ['forest', 'ready', runId, 'rf', { a: 'b' }, { trees: '10' }],
        'the model',
      )
      expectEqual(fromUtf8(await subject.getArtifact({ modelId: made.modelId }, 'model.bin')), 'weights', 'its file')
      expectEqual((await subject.listArtifacts({ runId })).length, 0, 'artifacts of the run itself')
      const failed = await subject.createModel({ experimentId, name: 'broken', createdAt: 1_700_000_000_001 })
      await subject.finishModel(failed.modelId, 'failed')
      expectEqual((await subject.getModel(failed.modelId)).status, 'failed', 'status of a failed one')
    }),
  ]
}

function names(): Check<TrackerBackend>[] {
  /** Refused with InvalidArgument (or NotFound, Conflict, Unsupported), or kept: nothing else. */
  const tried = async (what: string, work: () => Promise<void>): Promise<void> => {
    try {
      await work()
    } catch (error) {
      const isRefused =
        isMillwrightError(error) && ['InvalidArgument', 'NotFound', 'Conflict', 'AlreadyExists', 'Unsupported'].includes(error.code)
      expectThat(isRefused, `${what} is refused with a clear error, got ${String(error)}`)
    }
  }
  return [
    check('hostile keys and artifact paths are refused or kept as they are', async ({ subject }) => {
      const bystander = await newRun(subject, 'bystander')
      await subject.logBatch(bystander.runId, { params: { safe: 'yes' }, tags: { safe: 'yes' }, metrics: [point('safe', 1)] })
      await subject.putArtifact({ runId: bystander.runId }, 'safe.txt', utf8('yes'))
      for (const name of hostileNames()) {
        const { runId } = await newRun(subject, 'victim')
        await tried(`metric ${JSON.stringify(name)}`, async () => {
          await subject.logBatch(runId, { metrics: [{ ...point('m', 1), key: name }] })
          expectEqual((await history(subject, runId, name)).length, 1, `history of ${JSON.stringify(name)}`)
        })
        await tried(`param ${JSON.stringify(name)}`, async () => {
          await subject.logBatch(runId, { params: Object.fromEntries([[name, 'v']]) })
          expectThat(
            Object.entries((await subject.getRun(runId)).params).some(([key, value]) => key === name && value === 'v'),
            `param ${JSON.stringify(name)}`,
          )
        })
        await tried(`tag ${JSON.stringify(name)}`, async () => {
          await subject.logBatch(runId, { tags: Object.fromEntries([[name, 'v']]) })
          expectThat(
            Object.entries((await subject.getRun(runId)).tags).some(([key, value]) => key === name && value === 'v'),
            `tag ${JSON.stringify(name)}`,
          )
        })
        await tried(`artifact ${JSON.stringify(name)}`, async () => {
          await subject.putArtifact({ runId }, name, utf8(name.slice(0, 9)))
          expectEqual(fromUtf8(await subject.getArtifact({ runId }, name)), name.slice(0, 9), `artifact ${JSON.stringify(name)}`)
        })
        expectEqual((await subject.getRun(runId)).runName, 'victim', `the run after ${JSON.stringify(name)}`)
      }
      const after = await subject.getRun(bystander.runId)
      expectEqual([after.params, after.tags.safe, after.metrics.safe?.value], [{ safe: 'yes' }, 'yes', 1], 'a run that was not touched')
      expectEqual((await subject.listArtifacts({ runId: bystander.runId })).length, 1, 'its artifacts')
    }),
    check('hostile names of experiments, runs and models are refused or kept as they are', async ({ subject }) => {
      const { experimentId } = await subject.ensureExperiment('bystander')
      for (const name of hostileNames()) {
        const shown = JSON.stringify(name.slice(0, 40))
        await tried(`experiment ${shown}`, async () => {
          const made = await subject.ensureExperiment(name)
          expectEqual((await subject.getExperiment(made.experimentId)).name, name, `experiment ${shown}`)
        })
        await tried(`run name ${shown}`, async () => {
          const { runId } = await subject.createRun({ experimentId, runName: name, startTime: 1 })
          expectEqual((await subject.getRun(runId)).runName, name, `run ${shown}`)
        })
        await tried(`run id ${shown}`, async () => {
          await subject.createRun({ experimentId, runId: name, startTime: 1 })
          expectEqual((await subject.getRun(name)).runId, name, `run id ${shown}`)
        })
        await tried(`model ${shown}`, async () => {
          const { modelId } = await subject.createModel({ experimentId, name, createdAt: 1 })
          expectEqual((await subject.getModel(modelId)).name, name, `model ${shown}`)
        })
        await tried(`reading run ${shown}`, async () => void (await subject.getRun(`${name}/..`)))
        await tried(`reading experiment ${shown}`, async () => void (await subject.getExperiment(name)))
        await tried(`reading model ${shown}`, async () => void (await subject.getModel(name)))
      }
      expectThat(
        (await subject.listExperiments()).some(({ name }) => name === 'bystander'),
        'the experiment that was not touched',
      )
    }),
  ]
}

function lifetime(): Check<TrackerBackend>[] {
  return [
    check(
      'what was acknowledged is there for another process',
      async ({ subject, reopen }) => {
        const { runId } = await newRun(subject)
        await subject.logBatch(runId, { params: { a: '1' }, metrics: [point('m', 1, 1)] })
        const other = await reopen?.()
        if (other === undefined) return
        const read = await other.getRun(runId)
        expectEqual([read.params, read.metrics.m?.value, read.status], [{ a: '1' }, 1, 'running'], 'the run elsewhere')
        await other.logBatch(runId, { metrics: [point('m', 2, 2)] })
        await other.updateRun(runId, { status: 'finished', endTime: 1_700_000_000_005 })
        await other.close()
        expectEqual(
          (await history(subject, runId, 'm')).map(({ value }) => value),
          [1, 2],
          'the history here',
        )
        await expectCode(() => subject.logBatch(runId, { metrics: [point('m', 3, 3)] }), 'InvalidState', 'a run that ended elsewhere')
      },
      ['persistent'],
    ),
    check('after close every call is InvalidState, close itself is fine', async ({ subject }) => {
      const { runId } = await newRun(subject)
      await subject.close()
      await subject.close()
      await expectCode(() => subject.getRun(runId), 'InvalidState', 'getRun')
      await expectCode(() => subject.ensureExperiment('x'), 'InvalidState', 'ensureExperiment')
      await expectCode(() => subject.logBatch(runId, { tags: { a: 'b' } }), 'InvalidState', 'logBatch')
    }),
  ]
}
