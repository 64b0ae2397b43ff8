/** Grows the trees of a forest on several threads, with the result that one thread gives. */
import { systemClock } from '../../core/clock'
import { throwIfAborted, yieldToEventLoop } from '../../core/signal'
import type { FittedLearner, ThreadOptions } from '../learner'
import { type BinnedForest, joinRuns, type RunGrower, runGrower, type TreeRun } from './grow-forest'

/** Trees are handed out in runs: so many for each thread, so that all end at about the same time. */
const RUNS_PER_THREAD = 6
/** How long the calling thread grows trees before it lets the event loop run, in milliseconds. */
const TURN_MS = 12

/** The forest; `undefined` where there are no threads. @throws the signal's reason */
export async function growOnThreads(forest: BinnedForest, { workers, signal, report }: ThreadOptions): Promise<FittedLearner | undefined> {
  const { program } = await import('../threads/fit-program')
  const { availableThreads, giveBack, takeThreads } = await import('../../core/threads')
  const count = workers === true ? Math.max(1, availableThreads() - 1) : Number(workers)
  const total = forest.settings.nEstimators
  if (program === undefined || count === 0 || total < 2) return undefined
  const threads = takeThreads(program, Math.min(count, total - 1), 'millwright fit')
  const runs: TreeRun[] = []
  const size = Math.max(1, Math.ceil(total / ((threads.length + 1) * RUNS_PER_THREAD)))
  let next = 0
  let done = 0
  const work = async (grow: (from: number, end: number) => Promise<TreeRun>): Promise<void> => {
    while (next < total) {
      throwIfAborted(signal)
      const from = next
      const end = Math.min(total, from + size)
      next = end
      runs[from / size] = await grow(from, end)
      done += end - from
      throwIfAborted(signal)
      report({ phase: 'fit', done, total, unit: 'steps' })
    }
  }
  try {
    if (threads.length === 0) return undefined
    const here = runGrower(forest)
    await Promise.all([
      // Every thread has a run to grow before the calling one begins.
      ...threads.map((thread) => {
        const sent = thread.ask({ forest })
        return Promise.all([sent, work(async (from, end) => (await thread.ask({ run: { from, end } })) as TreeRun)])
      }),
      work((from, end) => growHere(here, from, end, signal)),
    ])
    return joinRuns(forest, runs)
  } catch (error) {
    if (signal?.aborted) throw error
    // A thread that ended, or may not start after all: the calling one grows everything.
    return undefined
  } finally {
    next = total
    giveBack(program, threads)
  }
}

/** Grows a run on the calling thread, with turns for the event loop. */
async function growHere(grower: RunGrower, from: number, end: number, signal: AbortSignal | undefined): Promise<TreeRun> {
  const steps = grower.run(from, end)
  const clock = systemClock()
  let turn = clock.now()
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
    if (clock.now() - turn < TURN_MS) continue
    await yieldToEventLoop()
    throwIfAborted(signal)
    turn = clock.now()
  }
}
