/** The calls that wait for a thread of a pool, and how a thread makes them. */
import { MillwrightError } from '../../core/errors'
import type { CancelSignal } from '../../core/signal'
import type { EngineTensor } from './engine-tensor'
import { WorkerCrash, type WorkerThread } from './worker-thread'

/** Work for one thread alone. */
export interface Job {
  readonly thread: WorkerThread
  readonly work: (thread: WorkerThread) => Promise<void>
}

/** A model of a pool. */
export interface OpenModel {
  readonly id: number
  readonly bytes: Uint8Array
  /** Size class of a call → about how long such a call takes in a thread, in milliseconds; nothing until one was answered. */
  readonly callMs: Map<number, number>
}

/** What a thread needs for a call. */
export interface CallMessage {
  readonly feeds: Readonly<Record<string, EngineTensor>>
  readonly fetches: readonly string[]
}

/** A call of a model, for any thread. */
export interface Call {
  readonly model: OpenModel
  readonly message: CallMessage
  /** {@link sizeClassOf} its feeds. */
  readonly sizeClass: number
  readonly signal: CancelSignal | undefined
  /** Whether it is made for the second time. It then has a thread to itself, so that it fails by its own fault. */
  readonly isRetry: boolean
  readonly resolve: (results: readonly EngineTensor[]) => void
  readonly reject: (error: unknown) => void
}

/** What a thread answers to a call. */
type CallReply = { readonly results: readonly EngineTensor[] } | { readonly error: string }

/**
 * Calls go to a thread together if they should take no longer than this: each message wakes both threads, which costs as much as a small model (decision 53).
 * A thread that has worked so long begins no further call of the message.
 */
const groupMs = 5
const maxGroup = 16

/** Whether an entry of the queue is a call. */
export function isCall(entry: Job | Call): entry is Call {
  return 'message' in entry
}

/** The class of calls that take about as long: the bits of the number of values that are fed. */
export function sizeClassOf({ feeds }: CallMessage): number {
  return 32 - Math.clz32(Object.values(feeds).reduce((sum, { data }) => sum + data.length, 0))
}

/**
 * How many entries of the queue, from `at` on, go to a thread together: short calls of one model and size class, and of those that wait no more than the
 * thread's share.
 */
export function groupSize(queue: readonly (Job | Call)[], at: number, numThreads: number): number {
  const first = queue[at] as Job | Call
  if (!isCall(first) || first.isRetry) return 1
  const most = Math.min(maxGroup, Math.floor(groupMs / (first.model.callMs.get(first.sizeClass) ?? Number.POSITIVE_INFINITY)))
  let waiting = 1
  while (waiting < most * numThreads && isLike(first, queue[at + waiting])) waiting++
  return Math.max(1, Math.min(most, Math.ceil(waiting / numThreads)))
}

function isLike(first: Call, entry: Job | Call | undefined): boolean {
  return entry !== undefined && isCall(entry) && entry.model === first.model && entry.sizeClass === first.sizeClass && !entry.isRetry
}

/** What {@link makeCalls} needs. */
export interface MakeOptions {
  /** Opens the model in the thread, if it is not open there. */
  readonly open: (thread: WorkerThread, model: OpenModel) => Promise<void>
  /** A monotonic clock, in milliseconds. */
  readonly now: () => number
}

/**
 * Makes calls of one model and size class in an idle thread; those that were aborted meanwhile are left out. Never rejects.
 *
 * @returns the calls that are still to be made: all of them, once more, as retries; or those for which the time was too short, as they are
 */
export async function makeCalls(thread: WorkerThread, given: readonly Call[], { open, now }: MakeOptions): Promise<readonly Call[]> {
  const calls = given.filter(({ signal }) => signal?.aborted !== true)
  for (const { signal, reject } of given) if (signal?.aborted === true) reject(signal.reason)
  const [first] = calls
  if (first === undefined) return []
  const { model } = first
  try {
    await open(thread, model)
    const start = now()
    const message = { op: 'run', model: model.id, calls: calls.map((call) => call.message), withinMs: groupMs }
    const replies = (await thread.ask(message)) as readonly CallReply[]
    // How long a call takes that fails says nothing about the others.
    if (replies.every((reply) => 'results' in reply)) learnCallMs(first, (now() - start) / replies.length)
    for (const [i, reply] of replies.entries()) settle(calls[i] as Call, reply)
    return calls.slice(replies.length)
  } catch (error) {
    const mayRetry = error instanceof WorkerCrash || calls.length > 1
    const again = mayRetry ? calls.filter(({ isRetry }) => !isRetry) : []
    if (again.length === 0) for (const { reject } of calls) reject(error instanceof WorkerCrash ? crashedTwice(error) : error)
    return again.map((call) => ({ ...call, isRetry: true }))
  }
}

function learnCallMs({ model, sizeClass }: Call, callMs: number): void {
  const known = model.callMs.get(sizeClass) ?? callMs
  model.callMs.set(sizeClass, 0.8 * known + 0.2 * callMs)
}

function settle(call: Call, reply: CallReply): void {
  if ('error' in reply) call.reject(new Error(reply.error))
  else call.resolve(reply.results)
}

function crashedTwice(error: WorkerCrash): MillwrightError {
  return new MillwrightError('Unavailable', `two workers of onnxRuntime crashed in the same call: ${error.message}`, {
    retryable: false,
    cause: error,
  })
}
