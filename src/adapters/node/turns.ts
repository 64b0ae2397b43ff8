/** For work by synchronous calls, which for small files cost less than the thread pool: gives others a turn. Node only. */
import { setImmediate } from 'node:timers/promises'

/** After this many milliseconds others get a turn. */
const SLICE_MS = 4

/** A function to await between pieces of synchronous work: it gives the event loop a turn when the last one was some milliseconds ago. */
export function eventLoopTurns(): () => Promise<void> | undefined {
  let until = performance.now() + SLICE_MS
  const turn = async (): Promise<void> => {
    await setImmediate()
    until = performance.now() + SLICE_MS
  }
  return () => (performance.now() > until ? turn() : undefined)
}
