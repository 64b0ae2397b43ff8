/** Watches for the end of the process, so that a tracker can end its runs. Loaded only if a tracker asks for it. */
import { type Clock, sleep } from '../core/clock'

/** What to do at the end of the process. No method may throw. */
export interface ExitWatcher {
  readonly clock: Clock
  /** The event loop is empty, so that the process is about to end. */
  onIdle(): Promise<void>
  /** The process received SIGTERM or SIGINT. `endsProcess`: the application has no listener for it. */
  onSignal(endsProcess: boolean): Promise<void>
  /** An error was not caught. `endsProcess`: the application has no listener for such errors. */
  onCrash(error: unknown, endsProcess: boolean): Promise<void>
  /** `process.exit()` was called. Only synchronous work is possible. */
  onExit(): void
}

type Listener = (...given: unknown[]) => void
interface FoundProcess {
  readonly pid?: number
  on?(event: string, listener: Listener): unknown
  removeListener?(event: string, listener: Listener): unknown
  listeners?(event: string): readonly unknown[]
  kill?(pid: number, signal: string): unknown
}

/** The longest time, in milliseconds, for writing after a signal. Containers have ten seconds to stop. */
const GRACE_MS = 8000
/** The event of uncaught errors. Unhandled rejections raise it too, unless the application listens for them. */
const CRASH = 'uncaughtException'
const signals: readonly string[] = ['SIGTERM', 'SIGINT']
/** Marks our listeners, also those of another copy of this module. */
const MARK = 'millwright.exit'
const watchers = new Set<ExitWatcher>()
let listening: (() => void) | undefined

/**
 * Watches for the end of the process; the returned function stops. The process has listeners only while somebody watches.
 *
 * - `beforeExit`: every watcher's `onIdle`.
 * - An error that nobody caught (or a promise's): every watcher's `onCrash`, for at most 8 s; then our listener goes, and the error is thrown
 *   again, so that the runtime prints it and ends the process, unless the application listens for such errors itself.
 * - `exit`: every watcher's `onExit`.
 * - SIGTERM, SIGINT: every watcher's `onSignal`, for at most 8 s; then our listener goes, and the signal is raised again unless the
 *   application listens to it itself, in which case ending the process is its business. A second signal does not wait.
 *
 * Where there is no `process` with events (browsers, workers at the edge) nothing happens.
 */
export function watchExit(watcher: ExitWatcher): () => void {
  const host = (globalThis as { process?: FoundProcess }).process
  if (typeof host?.on !== 'function' || typeof host.pid !== 'number') return () => {}
  watchers.add(watcher)
  listening ??= listen(host)
  return () => {
    watchers.delete(watcher)
    if (watchers.size > 0) return
    listening?.()
    listening = undefined
  }
}

function listen(host: FoundProcess): () => void {
  const onIdle: Listener = () => {
    for (const watcher of [...watchers]) void watcher.onIdle()
  }
  const onExit: Listener = () => {
    for (const watcher of [...watchers]) watcher.onExit()
  }
  const onCrash = mark(crashListener(host, () => stop()))
  const bySignal = signals.map((signal) => [signal, mark(signalListener(host, signal, () => stop()))] as const)
  const stop = (): void => {
    host.removeListener?.('beforeExit', onIdle)
    host.removeListener?.('exit', onExit)
    host.removeListener?.(CRASH, onCrash)
    for (const [signal, listener] of bySignal) host.removeListener?.(signal, listener)
  }
  host.on?.('beforeExit', onIdle)
  host.on?.('exit', onExit)
  host.on?.(CRASH, onCrash)
  for (const [signal, listener] of bySignal) host.on?.(signal, listener)
  return stop
}

function signalListener(host: FoundProcess, signal: string, stop: () => void): Listener {
  let asked = false
  const raise = (): void => {
    stop()
    listening = undefined
    if (othersOf(host, signal).length === 0 && (host.listeners?.(signal).length ?? 0) === 0) host.kill?.(host.pid as number, signal)
  }
  return () => {
    const endsProcess = othersOf(host, signal).length === 0
    if (!endsProcess) {
      for (const watcher of [...watchers]) void watcher.onSignal(false)
      return
    }
    if (asked) return raise()
    asked = true
    // The run is over, so work that goes on logging throws; that must not end the process before everything is written.
    host.on?.('uncaughtException', (error) => console.error(`millwright: after ${signal}:`, error))
    void settled((watcher) => watcher.onSignal(true)).then(raise)
  }
}

function crashListener(host: FoundProcess, stop: () => void): Listener {
  let crashed = false
  return (error) => {
    if (othersOf(host, CRASH).length > 0) {
      for (const watcher of [...watchers]) void watcher.onCrash(error, false)
      return
    }
    // What still runs may fail again while the first error's runs are written.
    if (crashed) return console.error('millwright: after an uncaught error:', error)
    crashed = true
    void settled((watcher) => watcher.onCrash(error, true)).then(() => {
      stop()
      listening = undefined
      setTimeout(() => {
        throw error
      })
    })
  }
}

/** Resolves when every watcher is done, or after {@link GRACE_MS}. */
async function settled(work: (watcher: ExitWatcher) => Promise<void>): Promise<void> {
  const clock = [...watchers][0]?.clock
  const all = Promise.allSettled([...watchers].map(work))
  const late = new AbortController()
  // Sleeping keeps the process alive, which a write under way need not.
  const limit = clock === undefined ? all : sleep(clock, GRACE_MS, late.signal).catch(() => {})
  await Promise.race([all, limit])
  late.abort()
}

function mark(listener: Listener): Listener {
  return Object.defineProperty(listener, Symbol.for(MARK), { value: true })
}

function othersOf(host: FoundProcess, signal: string): readonly unknown[] {
  return (host.listeners?.(signal) ?? []).filter((listener) => (listener as Record<symbol, unknown>)[Symbol.for(MARK)] !== true)
}
