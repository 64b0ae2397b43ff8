/** Sending one request: a time limit for each attempt, and retries where they cannot do harm. */
import { type Clock, systemClock } from '../../../core/clock'
import { isMillwrightError, MillwrightError } from '../../../core/errors'
import { retryAfterMs } from '../../../core/http'
import { newId } from '../../../core/ids'
import { createRng } from '../../../core/random'
import { chunksOf, readBytes } from '../../../core/read-bytes'
import { longestAskedMs, retrying } from '../../../core/retry'
import { abortable, throwIfAborted } from '../../../core/signal'
import { type Answer, answerError } from './answers'
import type { MlflowClientOptions } from './options'
import { lostError, type OutgoingRequest, redirectTarget } from './request'

/** Sends a request. `read` converts a good answer; an error that it throws is treated like a bad answer. */
export type Send = <T>(request: OutgoingRequest, read: (answer: Answer) => T) => Promise<T>

/** The time limit applies to each 16 MiB that are sent, and to each MiB that is received. */
const bytesSentPerLimit = 2 ** 24
const bytesReadPerLimit = 2 ** 20

/**
 * The state of closing a client. Each request has an abort function of its own: one signal for all of them would get so many listeners that
 * runtimes print a warning.
 */
export interface Closing {
  /** `undefined` until the client is closed. */
  reason: unknown
  readonly aborts: Set<() => void>
}

/** A function that sends requests with the retries and time limits of `options`. */
export function sender(options: MlflowClientOptions, closing: Closing): Send {
  const { retries = 5, backoffMs = 500, timeoutMs = 120_000 } = options
  const clock = options.clock ?? systemClock()
  const rng = createRng(options.seed ?? Number.parseInt(newId().slice(0, 8), 16))
  const policy = { attempts: retries + 1, baseDelayMs: backoffMs, maxDelayMs: longestAskedMs, jitter: [1, 1.5], clock, rng } as const

  const attempts = async <T>(request: OutgoingRequest, read: (answer: Answer) => T, signal: AbortSignal): Promise<T> => {
    let mayBeDone = false
    const attempt = async (): Promise<T> => {
      throwIfAborted(signal)
      try {
        const answer = await once(request, clock, timeoutMs, signal)
        if (answer.status >= 200 && answer.status < 300) return read(answer)
        throw withWait(answerError(answer, request.operation, request.server), answer, clock)
      } catch (error) {
        if (!signal.aborted && isMillwrightError(error) && !isUntouched(error)) {
          mayBeDone = true
          request.onLost?.()
        }
        throw error
      }
    }
    // When the server asks for a longer wait than is made, the call fails at once.
    const canRetry = (failure: MillwrightError): boolean =>
      failure.retryable && Number(failure.details.retryAfterMs ?? 0) <= longestAskedMs && (request.idempotent || isUntouched(failure))
    try {
      return await retrying({ ...policy, canRetry }, attempt, signal)
    } catch (error) {
      const isFailure = !signal.aborted && isMillwrightError(error)
      throw isFailure && mayBeDone && !request.idempotent ? copyOf(error, { mayBeDone }) : error
    }
  }

  return async (request, read) => {
    const stop = new AbortController()
    const abort = (): void => stop.abort(request.signal?.aborted ? request.signal.reason : closing.reason)
    closing.aborts.add(abort)
    request.signal?.addEventListener('abort', abort, { once: true })
    if (request.signal?.aborted || closing.reason !== undefined) abort()
    try {
      return await attempts(request, read, stop.signal)
    } finally {
      closing.aborts.delete(abort)
      request.signal?.removeEventListener('abort', abort)
    }
  }
}

/** One attempt. @throws Unavailable when there is no answer; the signal's reason */
async function once(request: OutgoingRequest, clock: Clock, timeoutMs: number, signal: AbortSignal): Promise<Answer> {
  // A browser's `fetch` called as a method of the request would be an illegal invocation.
  const { method, headers, body, fetch: fetchIt } = request
  const controller = new AbortController()
  const end = (): void => controller.abort()
  let cancel = (): void => {}
  let isLate = false
  const arm = (limitMs: number): void => {
    cancel()
    cancel = clock.schedule(() => {
      isLate = true
      end()
    }, limitMs)
  }
  signal.addEventListener('abort', end, { once: true })
  arm(timeoutMs * Math.max(1, Math.ceil((body?.length ?? 0) / bytesSentPerLimit)))
  const work = async (): Promise<Answer> => {
    for (let target = request.target, hops = 0; ; hops++) {
      const init = { method, headers, signal: controller.signal, redirect: 'manual' as const }
      const response = await fetchIt(target, body === undefined ? init : { ...init, body: body as BodyInit })
      const next = redirectTarget(response, target, request, hops)
      if (next === undefined) {
        return { status: response.status, headers: response.headers, bytes: await readBody(response, request, () => arm(timeoutMs)) }
      }
      await response.body?.cancel()
      target = next
    }
  }
  try {
    return await abortable(work(), controller.signal)
  } catch (cause) {
    throwIfAborted(signal)
    throw isMillwrightError(cause) ? cause : lostError(request, cause, isLate ? timeoutMs : undefined)
  } finally {
    cancel()
    signal.removeEventListener('abort', end)
  }
}

/** The body. `onPart` is called after each MiB, to start the time limit anew. */
async function readBody(response: Response, request: OutgoingRequest, onPart: () => void): Promise<Uint8Array> {
  // React Native's `fetch` has no streams.
  if (!response.body) return new Uint8Array(await response.arrayBuffer())
  const { maxBytes, operation, server } = request
  let nextPart = bytesReadPerLimit
  const bytes = await readBytes(chunksOf(response.body), {
    maxBytes,
    expectedBytes: Number(response.headers.get('Content-Length')) || 0,
    onBytes(bytesRead) {
      if (bytesRead < nextPart) return
      nextPart = bytesRead + bytesReadPerLimit
      onPart()
    },
  })
  if (bytes === undefined) {
    throw new MillwrightError('Unsupported', `${operation}: the answer of ${server} is longer than ${maxBytes} bytes`)
  }
  return bytes
}

/** The failure with the wait that the server asks for. */
function withWait(failure: MillwrightError, { headers }: Answer, clock: Clock): MillwrightError {
  const waitMs = retryAfterMs(headers, clock)
  return waitMs === undefined ? failure : copyOf(failure, { retryAfterMs: waitMs })
}

/** Whether it is certain that the server did nothing. */
function isUntouched({ details }: MillwrightError): boolean {
  return details.isUnreached === true || isRefusal(Number(details.status))
}

/** Whether a status means that the server did nothing. After 408 and 500 it may have done part of the work. */
function isRefusal(status: number): boolean {
  return status === 503 || (status >= 300 && status < 500 && status !== 408)
}

function copyOf(failure: MillwrightError, further: Readonly<Record<string, unknown>>): MillwrightError {
  const { code, message, hint, retryable, details, cause } = failure
  return new MillwrightError(code, message, { hint, retryable, details: { ...details, ...further }, cause })
}
