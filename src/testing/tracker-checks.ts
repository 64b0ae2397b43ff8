/** The checks of the guarantees of tracker backends. */
import { arrayOf, checkOptions, ofType } from '../core/options'
import type { TrackerBackend } from '../ports/tracker-backend'
import { type Check, reopened, suiteOf } from './check'
import { expectCode, expectEqual } from './expect'
import type { HostileNameOptions } from './hostile-names'
import { history, newRun, point, trackerCheck } from './tracker-check'
import { trackerLifecycleChecks } from './tracker-lifecycle-checks'
import { trackerMetricChecks } from './tracker-metric-checks'
import { trackerNameChecks } from './tracker-name-checks'
import { trackerRunChecks } from './tracker-run-checks'
import { trackerSearchChecks } from './tracker-search-checks'
import { trackerWriteChecks } from './tracker-write-checks'

/**
 * The checks of the tracker backend port. They check the guarantees that {@link TrackerBackend} documents. Each check takes an empty backend.
 *
 * @throws InvalidArgument for an unknown option
 * @example
 * bindChecks(trackerChecks(), { make: () => memoryTracker() }, { describe, it })
 */
export function trackerChecks(options: HostileNameOptions = {}): readonly Check<TrackerBackend>[] {
  checkOptions('trackerChecks', options, { hostileNames: arrayOf(ofType('string')) })
  return suiteOf('trackerChecks', [
    ...trackerRunChecks(),
    ...trackerMetricChecks(),
    ...trackerWriteChecks(),
    ...trackerNameChecks(options.hostileNames),
    ...trackerSearchChecks(),
    ...trackerLifecycleChecks(),
    ...lifetime(),
  ])
}

function lifetime(): Check<TrackerBackend>[] {
  return [
    trackerCheck(
      'what was acknowledged is there for another process',
      async ({ subject, reopen }) => {
        const { runId } = await newRun(subject)
        await subject.logBatch(runId, { params: { a: '1' }, metrics: [point('m', 1, 1)] })
        const other = await reopened(reopen)
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
      ['reopen'],
    ),
    trackerCheck('after close every call is InvalidState, close itself is fine', async ({ subject }) => {
      const { runId } = await newRun(subject)
      await subject.close()
      await subject.close()
      await expectCode(() => subject.getRun(runId), 'InvalidState', 'getRun')
      await expectCode(() => subject.ensureExperiment('x'), 'InvalidState', 'ensureExperiment')
      await expectCode(() => subject.logBatch(runId, { tags: { a: 'b' } }), 'InvalidState', 'logBatch')
    }),
  ]
}
