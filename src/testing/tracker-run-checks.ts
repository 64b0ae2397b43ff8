/** The checks of experiments, and of runs without their data. */
import type { TrackerBackend } from '../ports/tracker-backend'
import type { Check } from './check'
import { expectCode, expectEqual, expectThat } from './expect'
import { newRun, point, trackerCheck } from './tracker-check'

/** The checks of experiments, and of the status, times and names of runs. */
export function trackerRunChecks(): readonly Check<TrackerBackend>[] {
  return [...experiments(), ...runs()]
}

function experiments(): Check<TrackerBackend>[] {
  return [
    trackerCheck('an experiment is made once and found by its name', async ({ subject }) => {
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
    trackerCheck('experiment 0 is called Default', async ({ subject }) => {
      expectEqual((await subject.ensureExperiment('Default')).experimentId, '0', 'id of Default')
    }),
    trackerCheck('callers that race for a new experiment get the same one', async ({ subject, reopen }) => {
      const other = (await reopen?.()) ?? subject
      const made = await Promise.all([subject, other, subject, other].map(async (backend) => backend.ensureExperiment('raced')))
      expectEqual(new Set(made.map(({ experimentId }) => experimentId)).size, 1, 'number of experiments made')
      if (other !== subject) await other.close()
    }),
    trackerCheck('what does not exist is NotFound', async ({ subject }) => {
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
    trackerCheck('a run is read back as it was made', async ({ subject }) => {
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
    trackerCheck('a run ends, and can be opened again', async ({ subject }) => {
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
    trackerCheck('a run is renamed by its name and by its tag', async ({ subject }) => {
      const { runId } = await newRun(subject, 'before')
      await subject.updateRun(runId, { runName: 'middle' })
      const middle = await subject.getRun(runId)
      expectEqual([middle.runName, middle.tags['mlflow.runName'], middle.status], ['middle', 'middle', 'running'], 'renamed')
      await subject.logBatch(runId, { tags: { 'mlflow.runName': 'after' } })
      const after = await subject.getRun(runId)
      expectEqual([after.runName, after.tags['mlflow.runName']], ['after', 'after'], 'renamed by tag')
    }),
    trackerCheck('a deleted run stays readable and takes nothing', async ({ subject }) => {
      const { runId } = await newRun(subject)
      await subject.logBatch(runId, { params: { a: '1' } })
      await subject.deleteRun(runId)
      const read = await subject.getRun(runId)
      expectEqual([read.lifecycleStage, read.params.a], ['deleted', '1'], 'the deleted run')
      await expectCode(() => subject.logBatch(runId, { tags: { a: 'b' } }), 'InvalidState', 'a tag for a deleted run')
      await expectCode(() => subject.logBatch(runId, { metrics: [point('a', 1)] }), 'InvalidState', 'a metric for a deleted run')
    }),
    trackerCheck('a run id of the caller is kept, and taken only once', async ({ subject }) => {
      const { experimentId } = await subject.ensureExperiment('checks')
      const runId = 'abcdef0123456789abcdef0123456789'
      expectEqual((await subject.createRun({ experimentId, startTime: 1, runId })).runId, runId, 'the id')
      await expectCode(() => subject.createRun({ experimentId, startTime: 1, runId }), 'AlreadyExists', 'the id again')
      const { experimentId: elsewhere } = await subject.ensureExperiment('elsewhere')
      await expectCode(
        () => subject.createRun({ experimentId: elsewhere, startTime: 1, runId }),
        'AlreadyExists',
        'the id in another experiment',
      )
      expectEqual((await subject.getRun(runId)).experimentId, experimentId, 'the experiment of the run')
    }),
    trackerCheck('records are snapshots', async ({ subject }) => {
      const { runId } = await newRun(subject)
      const before = await subject.getRun(runId)
      await subject.logBatch(runId, { params: { a: '1' }, tags: { b: '2' }, metrics: [point('c', 3)] })
      await subject.updateRun(runId, { status: 'finished', endTime: 1_700_000_000_009 })
      expectEqual([before.params, before.tags.b, before.metrics, before.status], [{}, undefined, {}, 'running'], 'the record read before')
    }),
  ]
}
