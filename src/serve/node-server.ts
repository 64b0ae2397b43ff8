/** Node's HTTP server for a handler, with limits and a graceful stop. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { type Clock, sleep, systemClock } from '../core/clock'
import { attachDisplay } from '../core/display'
import { MillwrightError } from '../core/errors'
import { OpenItems, type Placed } from '../core/open-items'
import { checkOptions, finiteNumber, nonEmptyString, type OptionRule, ofType, wholeNumber } from '../core/options'
import { throwIfAborted } from '../core/signal'
import { createAnswerQueue } from './answer-queue'
import { answerNode, type ExchangeHandler } from './node-exchange'

/** The handler of `millwright/serve`. */
export interface NodeHandler extends ExchangeHandler {
  drain(): void
}

/** Options of {@link startNodeServer}. */
export interface NodeServerOptions {
  /** 0 chooses a free port. @default 8000 */
  readonly port?: number | undefined
  /** `0.0.0.0` accepts connections from other machines. @default '127.0.0.1' */
  readonly host?: string | undefined
  /** Stops the server as `close` does when aborted. */
  readonly signal?: AbortSignal | undefined
  /** Longest time for a client to send its headers. @default 10,000 */
  readonly headersTimeoutMs?: number | undefined
  /** Longest time for a client to send its whole request. @default 60,000 */
  readonly requestTimeoutMs?: number | undefined
  /** Most open connections; a further one is closed at once. @default no limit */
  readonly maxConnections?: number | undefined
  /** How long an idle connection is kept; must be longer than the load balancer's. @default 65,000 */
  readonly keepAliveTimeoutMs?: number | undefined
  /**
   * On `close`: how long to keep serving while `/readyz` already answers 503, so that load balancers notice.
   * Kubernetes needs 5 to 10 seconds. @default 0
   */
  readonly drainDelayMs?: number | undefined
  /** On `close`: how long to wait for answers under way before connections are closed. @default 10,000 */
  readonly graceMs?: number | undefined
  /** Close on SIGTERM and SIGINT; a second signal closes all connections at once. @default false */
  readonly handleSignals?: boolean | undefined
  readonly clock?: Clock | undefined
}

/** A running server. */
export interface NodeServer {
  readonly url: string
  readonly host: string
  readonly port: number
  /** Resolves when the server has stopped for any reason. */
  readonly closed: Promise<void>
  /**
   * Stops: `/readyz` answers 503, then after the drain delay no new connections are accepted, and answers under way are sent (for up to `graceMs`). Idempotent.
   * The predictors stay open.
   */
  close(): Promise<void>
}

/**
 * Starts an HTTP server.
 *
 * @throws Unavailable when the port is in use, PermissionDenied when it may not be taken, InvalidArgument on bad options or an unknown host
 */
export async function startNodeServer(handler: NodeHandler, options: NodeServerOptions = {}): Promise<NodeServer> {
  checkOptions('startNodeServer', options, nodeServerRules())
  throwIfAborted(options.signal)
  const { host = '127.0.0.1', graceMs = 10_000, drainDelayMs = 0, clock = systemClock() } = options
  let closing: Promise<void> | undefined
  const isClosing = (): boolean => closing !== undefined
  const { headersTimeoutMs = 10_000, requestTimeoutMs = 60_000 } = options
  const sockets = new OpenItems<Connection>()
  const answering = { isClosing, queue: createAnswerQueue({ isAlone: () => sockets.size <= 1 }) }
  const server = createServer(
    {
      headersTimeout: headersTimeoutMs,
      requestTimeout: requestTimeoutMs,
      // Node looks for requests that take too long only at this interval, by default every 30 seconds.
      connectionsCheckingInterval: Math.min(30_000, Math.max(250, Math.min(headersTimeoutMs || 60_000, requestTimeoutMs || 60_000) / 2)),
      keepAliveTimeout: options.keepAliveTimeoutMs ?? 65_000,
    },
    (request, response) => void answerNode(handler, request, response, answering),
  )
  trackSockets(server, sockets)
  if (options.maxConnections !== undefined) server.maxConnections = options.maxConnections
  const port = await listen(server, options.port ?? 8000, host)
  const closed = new Promise<void>((resolve) => server.once('close', resolve))
  const close = (): Promise<void> => {
    closing ??= stop(server, closed, { handler, sockets, drainDelayMs, graceMs, clock })
    return closing
  }
  const release = listenForSignals(options, server, close)
  void closed.then(release)
  const shownHost = host.includes(':') ? `[${host}]` : host
  const url = `http://${shownHost}:${port}`
  let stopped = false
  void closed.then(() => {
    stopped = true
  })
  const text = (): string => `NodeServer: ${url}${stopped ? ', closed' : isClosing() ? ', closing' : ''}`
  const started: NodeServer = { url, host, port, closed, close }
  Object.defineProperty(started, 'toString', { value: text, enumerable: false })
  attachDisplay(started, { text })
  return started
}

function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(error, port, host)))
    server.listen({ port, host, exclusive: true }, () => {
      server.removeAllListeners('error')
      resolve((server.address() as AddressInfo).port)
    })
  })
}

function listenError(error: NodeJS.ErrnoException, port: number, host: string): MillwrightError {
  const where = `port ${port} of ${host}`
  if (error.code === 'EADDRINUSE') {
    return new MillwrightError('Unavailable', `cannot serve: ${where} is already in use`, {
      cause: error,
      retryable: false,
      hint: 'choose another `port`, or 0 for a free one',
    })
  }
  if (error.code === 'EACCES')
    return new MillwrightError('PermissionDenied', `cannot serve: ${where} may not be taken by this user`, { cause: error })
  return new MillwrightError('InvalidArgument', `cannot serve on ${where}: ${error.message}`, { cause: error })
}

/** An open connection. */
interface Connection extends Placed {
  readonly socket: Socket
}

/** Keeps a server's open connections. */
function trackSockets(server: Server, sockets: OpenItems<Connection>): void {
  server.on('connection', (socket: Socket) => {
    const connection = { socket, place: -1 }
    sockets.add(connection)
    socket.once('close', () => sockets.delete(connection))
  })
}

interface StopOptions {
  readonly handler: NodeHandler
  readonly sockets: OpenItems<Connection>
  readonly drainDelayMs: number
  readonly graceMs: number
  readonly clock: Clock
}

async function stop(server: Server, closed: Promise<void>, { handler, sockets, drainDelayMs, graceMs, clock }: StopOptions): Promise<void> {
  handler.drain()
  if (drainDelayMs > 0) await sleep(clock, drainDelayMs)
  server.close()
  server.closeIdleConnections()
  // Node does not count a connection as idle if it was opened but never used.
  for (const { socket } of sockets.list()) if (socket.bytesRead === 0) socket.destroy()
  const cancel = clock.schedule(() => server.closeAllConnections(), graceMs)
  await closed
  cancel()
}

/** Closes on the caller's AbortSignal and, with `handleSignals`, on signals of the system; the returned function removes the listeners. */
function listenForSignals({ signal, handleSignals }: NodeServerOptions, server: Server, close: () => Promise<void>): () => void {
  const onAbort = (): void => void close()
  signal?.addEventListener('abort', onAbort, { once: true })
  let asked = false
  const onSignal = (): void => {
    if (asked) server.closeAllConnections()
    asked = true
    void close()
  }
  if (handleSignals) for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, onSignal)
  return () => {
    signal?.removeEventListener('abort', onAbort)
    if (handleSignals) for (const name of ['SIGTERM', 'SIGINT'] as const) process.off(name, onSignal)
  }
}

/** What each option of the server allows. */
export function nodeServerRules(): Readonly<Record<keyof NodeServerOptions, OptionRule>> {
  const milliseconds = finiteNumber(0, 2147483647)
  return {
    port: wholeNumber(0, 65535),
    host: nonEmptyString(),
    signal: ofType('object'),
    maxConnections: wholeNumber(1),
    headersTimeoutMs: milliseconds,
    requestTimeoutMs: milliseconds,
    keepAliveTimeoutMs: milliseconds,
    drainDelayMs: milliseconds,
    graceMs: milliseconds,
    handleSignals: ofType('boolean'),
    clock: ofType('object'),
  }
}
