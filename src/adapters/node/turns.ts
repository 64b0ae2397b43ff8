/** For work by synchronous calls, which for small files cost less than the thread pool: gives others a turn. Node only. */
import { setImmediate } from 'node:timers/promises'
import { throwIfAborted } from '../../core/signal'

/**
 * A function to await between pieces of synchronous work: it gives the event loop a turn when the last one was `sliceMs` milliseconds ago, and
 * throws the signal's reason when the caller has given up.
 */
export function eventLoopTurns(sliceMs = 4, signal?: AbortSignal): () => Promise<void> | undefined {
  let until = performance.now() + sliceMs
  const turn = async (): Promise<void> => {
    await setImmediate()
    until = performance.now() + sliceMs
  }
  return () => {
    throwIfAborted(signal)
    return performance.now() > until ? turn() : undefined
  }
}
