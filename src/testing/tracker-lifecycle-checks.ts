/** The checks of tracker backends with `lifecycle`: restoring runs, removing tags, and renaming and deleting experiments. */
import type { TrackerBackend } from '../ports/tracker-backend'
import type { Check, CheckContext } from './check'
import { expectCode, expectEqual } from './expect'
import { newRun, point, trackerCheck } from './tracker-check'

type Lifecycle = Required<Pick<TrackerBackend, 'restoreRun' | 'deleteTag' | 'changeExperiment'>>

/** The optional calls of `backend`. */
function lifecycleOf(backend: TrackerBackend): Lifecycle {
  return {
    restoreRun: async (runId) => backend.restoreRun?.(runId),
    deleteTag: async (runId, key) => backend.deleteTag?.(runId, key),
    changeExperiment: async (experimentId, change) => {
      const changed = await backend.changeExperiment?.(experimentId, change)
      if (changed === undefined) throw new Error('a backend with `lifecycle` has `changeExperiment`')
      return changed
    },
  }
}

async function stageOf(backend: TrackerBackend, runId: string): Promise<string> {
  return (await backend.getRun(runId)).lifecycleStage
}

/** Without the capability, each call is absent or refused with `Unsupported`. */
async function refusesLifecycle({ subject }: CheckContext<TrackerBackend>): Promise<void> {
  const { experimentId, runId } = await newRun(subject)
  await subject.logBatch(runId, { tags: { kept: '1' } })
  const calls = {
    restoreRun: async () => subject.restoreRun?.(runId),
    deleteTag: async () => subject.deleteTag?.(runId, 'kept'),
    changeExperiment: async () => subject.changeExperiment?.(experimentId, { name: 'renamed' }),
  }
  for (const [name, call] of Object.entries(calls)) {
    if (subject[name as keyof Lifecycle] !== undefined) await expectCode(call, 'Unsupported', `${name}, without \`lifecycle\``)
  }
  expectEqual((await subject.getRun(runId)).tags.kept, '1', 'the tag')
  expectEqual((await subject.getExperiment(experimentId)).name, 'checks', 'the name of the experiment')
}

/** The checks of `restoreRun`, `deleteTag` and `changeExperiment`, for backends that claim `lifecycle`. */
export function trackerLifecycleChecks(): readonly Check<TrackerBackend>[] {
  return [restoredRun(), removedTag(), changedExperiment(), deletedExperiment()]
}

function check(name: string, run: Check<TrackerBackend>['run']): Check<TrackerBackend> {
  return { ...trackerCheck(name, run, ['lifecycle']), unclaimed: refusesLifecycle }
}

/** A run comes back with all its data, and can be written again. */
function restoredRun(): Check<TrackerBackend> {
  return check('a deleted run is restored with what it has, and takes more', async ({ subject }) => {
    const { restoreRun } = lifecycleOf(subject)
    const { runId } = await newRun(subject)
    await subject.logBatch(runId, { params: { a: '1' }, metrics: [point('m', 1)] })
    await subject.putArtifact({ runId }, 'notes/a.txt', new Uint8Array([1, 2]))
    await subject.deleteRun(runId)
    await restoreRun(runId)
    await restoreRun(runId)
    await subject.logBatch(runId, { metrics: [point('m', 2, 1)] })
    const run = await subject.getRun(runId)
    expectEqual([run.lifecycleStage, run.status, run.params.a, run.metrics.m?.value], ['active', 'running', '1', 2], 'the restored run')
    expectEqual([...(await subject.getArtifact({ runId }, 'notes/a.txt'))], [1, 2], 'its artifact')
    await expectCode(() => restoreRun('0123456789abcdef0123456789abcdef'), 'NotFound', 'an unknown run')
  })
}

/** A tag is removed, also from a run that has ended. */
function removedTag(): Check<TrackerBackend> {
  return check('a tag is removed, also of a run that has ended', async ({ subject }) => {
    const { deleteTag } = lifecycleOf(subject)
    const { runId } = await newRun(subject)
    await subject.logBatch(runId, { tags: { first: '1', 'nested/second': '2', kept: '3' } })
    await deleteTag(runId, 'first')
    await subject.updateRun(runId, { status: 'finished', endTime: 1_700_000_000_009 })
    await deleteTag(runId, 'nested/second')
    const { tags, runName } = await subject.getRun(runId)
    expectEqual([tags.first, tags['nested/second'], tags.kept, runName], [undefined, undefined, '3', 'a run'], 'the tags left')
    await expectCode(() => deleteTag(runId, 'first'), 'NotFound', 'a tag that is gone')
    await expectCode(() => deleteTag(runId, 'mlflow.runName'), 'InvalidArgument', 'the name of a run')
    await subject.deleteRun(runId)
    await expectCode(() => deleteTag(runId, 'kept'), 'InvalidState', 'a tag of a deleted run')
  })
}

/** An experiment gets another name and tags. Its runs stay in it. */
function changedExperiment(): Check<TrackerBackend> {
  return check('an experiment is renamed and tagged; its runs stay in it', async ({ subject, reopen }) => {
    const { changeExperiment } = lifecycleOf(subject)
    const { experimentId, runId } = await newRun(subject)
    await subject.ensureExperiment('other')
    const changed = await changeExperiment(experimentId, { name: 'renamed', tags: { team: 'blue' } })
    expectEqual([changed.experimentId, changed.name, changed.tags.team], [experimentId, 'renamed', 'blue'], 'the changed experiment')
    const there = (await reopen?.()) ?? subject
    expectEqual((await there.getExperiment(experimentId)).name, 'renamed', 'the name read back')
    expectEqual((await there.ensureExperiment('renamed')).experimentId, experimentId, 'the id of the new name')
    expectEqual((await there.getRun(runId)).experimentId, experimentId, 'the experiment of its run')
    const anew = await there.ensureExperiment('checks')
    expectEqual([anew.name, anew.experimentId === experimentId], ['checks', false], 'a new experiment of the old name')
    if (there !== subject) await there.close()
    await expectCode(() => changeExperiment(experimentId, { name: 'other' }), 'AlreadyExists', 'a name that is taken')
    await expectCode(() => changeExperiment('999999', { name: 'x' }), 'NotFound', 'an unknown experiment')
    await expectCode(() => changeExperiment(experimentId, { name: '' }), 'InvalidArgument', 'an empty name')
    expectEqual((await subject.getExperiment(experimentId)).name, 'renamed', 'the name after what was refused')
  })
}

/** A deleted experiment cannot be written, and its name stays taken. Its runs are deleted and restored with it. */
function deletedExperiment(): Check<TrackerBackend> {
  return check('a deleted experiment takes nothing and holds its name; its runs follow it there and back', async ({ subject, reopen }) => {
    const { changeExperiment, restoreRun } = lifecycleOf(subject)
    const { experimentId, runId } = await newRun(subject)
    await subject.logBatch(runId, { metrics: [point('m', 1)] })
    await subject.putArtifact({ runId }, 'a.txt', new Uint8Array([7]))
    const other = await subject.ensureExperiment('other')
    expectEqual((await changeExperiment(experimentId, { lifecycleStage: 'deleted' })).lifecycleStage, 'deleted', 'its stage')
    const there = (await reopen?.()) ?? subject
    expectEqual((await there.getExperiment(experimentId)).lifecycleStage, 'deleted', 'its stage elsewhere')
    expectEqual(await stageOf(there, runId), 'deleted', 'the stage of its run')
    expectEqual([...(await there.getArtifact({ runId }, 'a.txt'))], [7], 'an artifact of its run')
    const found = await subject.searchRuns({ experimentIds: [experimentId], view: 'deleted' })
    expectEqual(
      found.items.map((run) => run.runId),
      [runId],
      'deleted runs found in it',
    )
    expectEqual((await subject.searchRuns({ experimentIds: [experimentId] })).items, [], 'active runs found in it')
    if (there !== subject) await there.close()
    await expectCode(() => subject.ensureExperiment('checks'), 'InvalidState', 'its name')
    await expectCode(() => subject.createRun({ experimentId, startTime: 1 }), 'InvalidState', 'a new run in it')
    await expectCode(() => subject.logBatch(runId, { metrics: [point('m', 2, 1)] }), 'InvalidState', 'a batch of its run')
    await expectCode(() => restoreRun(runId), 'InvalidState', 'restoring one of its runs')
    await expectCode(() => changeExperiment(experimentId, { name: 'x' }), 'InvalidState', 'a new name')
    await expectCode(() => changeExperiment(other.experimentId, { name: 'checks' }), 'AlreadyExists', 'its name for another')
    expectEqual((await changeExperiment(experimentId, { lifecycleStage: 'active' })).lifecycleStage, 'active', 'its stage, restored')
    expectEqual((await subject.ensureExperiment('checks')).experimentId, experimentId, 'the id of its name, restored')
    await subject.logBatch(runId, { metrics: [point('m', 2, 1)] })
    const run = await subject.getRun(runId)
    expectEqual([run.lifecycleStage, run.metrics.m?.value], ['active', 2], 'its run, restored')
    expectEqual([...(await subject.getArtifact({ runId }, 'a.txt'))], [7], 'an artifact of its run, restored')
  })
}
