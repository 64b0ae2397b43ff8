/** The default executor: steps run in this process, on its event loop. */
import { displayPort } from '../core/display'
import type { Executor } from '../ports/executor'

/** An executor that calls the step's function directly. A long synchronous step blocks the others meanwhile. */
export function inProcessExecutor(): Executor {
  return displayPort('Executor', {
    portVersion: 1,
    name: 'inProcessExecutor',
    execute: (job) => job.run(),
    close: () => Promise.resolve(),
  })
}
