/** One request to a server, with a time limit for each try, and with retries where they cannot do harm. */
import { type Clock, sleep, systemClock } from '../../../core/clock'
import { isMillwrightError, MillwrightError } from '../../../core/errors'
import { newId } from '../../../core/ids'
import { createRng } from '../../../core/random'
import { abortable, throwIfAborted } from '../../../core/signal'
import { type Answer, answerError } from './errors'
import type { MlflowClientOptions } from './options'
import type { Outgoing } from './outgoing'
import { lostError, redirectTarget } from './transport'

/** Sends. `read` makes something of a good answer; what it throws counts like a bad one. */
export type Send = <T>(request: Outgoing, read: (answer: Answer) => T) => Promise<T>

/** Longest wait that a server may ask for before a call gives up instead. */
const longestWaitMs = 60_000
/** A time limit stands for so many bytes of a body; a longer body has more time. */
const bytesOfLimit = 2 ** 24
const bytesReadOfLimit = 2 ** 20

/** The end of a client. One signal for all of its requests would have more listeners than runtimes hold to be healthy. */
export interface Closing {
  reason: unknown
  readonly ends: Set<() => void>
}

/** Sends with the retries and limits of `options`. */
export function sender(options: MlflowClientOptions, closing: Closing): Send {
  const { retries = 5, backoffMs = 500, timeoutMs = 120_000 } = options
  const clock = options.clock ?? systemClock()
  const rng = createRng(options.seed ?? Number.parseInt(newId().slice(0, 8), 16))

  const attempts = async <T>(request: Outgoing, read: (answer: Answer) => T, signal: AbortSignal): Promise<T> => {
    let mayBeDone = false
    for (let attempt = 0; ; attempt++) {
      throwIfAborted(signal)
      let failure: MillwrightError
      try {
        const answer = await once(request, clock, timeoutMs, signal)
        if (answer.status >= 200 && answer.status < 300) return read(answer)
        failure = withWait(answerError(answer, request.operation, request.server), answer, clock)
      } catch (error) {
        if (signal.aborted || !isMillwrightError(error)) throw error
        failure = error
      }
      const { status, retryAfterMs } = failure.details
      const asked = Number(retryAfterMs ?? 0)
      const isUntouched = failure.details.isUnreached === true || isRefusal(Number(status))
      if (!isUntouched) {
        mayBeDone = true
        request.onLost?.()
      }
      if (attempt >= retries || !failure.retryable || asked > longestWaitMs || (!request.idempotent && !isUntouched)) {
        throw mayBeDone && !request.idempotent ? copyOf(failure, { mayBeDone }) : failure
      }
      const backoff = Math.min(backoffMs * 2 ** attempt * (1 + rng.next() / 2), longestWaitMs)
      await sleep(clock, Math.max(backoff, asked), signal)
    }
  }

  return async (request, read) => {
    const stop = new AbortController()
    const end = (): void => stop.abort(request.signal?.aborted ? request.signal.reason : closing.reason)
    closing.ends.add(end)
    request.signal?.addEventListener('abort', end, { once: true })
    if (request.signal?.aborted || closing.reason !== undefined) end()
    try {
      return await attempts(request, read, stop.signal)
    } finally {
      closing.ends.delete(end)
      request.signal?.removeEventListener('abort', end)
    }
  }
}

/** One try. @throws Unavailable when it is lost, the signal's reason */
async function once(request: Outgoing, clock: Clock, timeoutMs: number, signal: AbortSignal): Promise<Answer> {
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
  arm(timeoutMs * Math.max(1, Math.ceil((body?.length ?? 0) / bytesOfLimit)))
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

/** The body; each part of it that came in time gives the next one time. */
async function readBody(response: Response, request: Outgoing, onPart: () => void): Promise<Uint8Array> {
  const reader = response.body?.getReader()
  if (reader === undefined) return new Uint8Array(await response.arrayBuffer())
  const chunks: Uint8Array[] = []
  let length = 0
  let sincePart = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    chunks.push(value)
    length += value.length
    sincePart += value.length
    if (length > request.maxBytes) {
      await reader.cancel().catch(() => {})
      throw new MillwrightError(
        'Unsupported',
        `${request.operation}: the answer of ${request.server} is longer than ${request.maxBytes} bytes`,
      )
    }
    if (sincePart < bytesReadOfLimit) continue
    sincePart = 0
    onPart()
  }
  if (chunks.length === 1) return chunks[0] as Uint8Array
  const bytes = new Uint8Array(length)
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  return bytes
}

/** The failure, with what `Retry-After` says in seconds or as a date. */
function withWait(failure: MillwrightError, { headers }: Answer, clock: Clock): MillwrightError {
  const said = headers.get('Retry-After')
  if (said === null) return failure
  const waitMs = /^\s*\d+\s*$/.test(said) ? Number(said) * 1000 : Date.parse(said) - clock.now()
  return Number.isFinite(waitMs) && waitMs > 0 ? copyOf(failure, { retryAfterMs: waitMs }) : failure
}

/** Whether a status says that nothing was done. 408 may come in the middle of it, as may a 500. */
function isRefusal(status: number): boolean {
  return status === 503 || (status >= 300 && status < 500 && status !== 408)
}

function copyOf(failure: MillwrightError, further: Readonly<Record<string, unknown>>): MillwrightError {
  const { code, message, hint, retryable, details, cause } = failure
  return new MillwrightError(code, message, { hint, retryable, details: { ...details, ...further }, cause })
}
