/** The page of a monitor that keeps itself up to date by server-sent events: mounted beside a model, or on its own. */
import { utf8 } from '../core/bytes'
import { type Clock, systemClock } from '../core/clock'
import { invalidArgument, show } from '../core/errors'
import { anything, arrayOf, checkOptions, nonEmptyString, ofType, wholeNumber } from '../core/options'
import type { MetricName } from '../metrics'
import type { CheckReport, Monitor, Period } from '../monitor'
import { type LiveView, liveSections, liveTiles } from './live-sections'
import { pageParts, pageWithScript } from './page'

/** Options of {@link liveMonitor}. */
export interface LiveMonitorOptions {
  /** @default the name of the monitor */
  readonly title?: string | undefined
  /** Metrics drawn over time. @default those of the monitor's performance rules, once they were checked */
  readonly metrics?: readonly MetricName[] | undefined
  /** The length of a point in time. @default 'hour' */
  readonly period?: Period | undefined
  /** Most readers at a time; one more gets the page without updates. @default 100 */
  readonly maxReaders?: number | undefined
  /** @default the system clock */
  readonly clock?: Clock | undefined
}

/** An answer of the page, in the form of `millwright/serve`. */
export interface LiveAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | ReadableStream<Uint8Array>
}

/** The page of a monitor. */
export interface LiveMonitor {
  /** The page as it is now, with a script that follows `<its address>/events`. Its numbers can be read without the script. */
  html(): string
  /** The routes `/monitor` and `/monitor/events`, for the option `protocols` of `createHandler` and `serve`. */
  readonly protocol: {
    readonly name: string
    readonly routes: readonly { readonly method: 'GET'; readonly path: string; handle(): LiveAnswer }[]
  }
  /** Answers any path with the page, and paths that end in `/events` with the stream: for an application that has no model to serve. */
  handler(request: Request): Promise<Response>
  /** Ends the streams and stops following the monitor. */
  close(): void
}

/** Replaces the numbers and sections; focus and scroll stay where they are. A lost connection is taken up again by the browser. */
const script = `(() => {
  const source = new EventSource(location.pathname.replace(/\\/$/, '') + '/events')
  source.addEventListener('update', (event) => {
    const { tiles, main } = JSON.parse(event.data)
    document.querySelector('.tiles').innerHTML = tiles
    document.querySelector('main').innerHTML = main
  })
})()`

const heartbeatMs = 15_000

/**
 * Makes the page. It is rendered anew after each check of the monitor, for all readers at once.
 *
 * @throws InvalidArgument for what is no monitor, and for invalid options
 * @example serve(predictor, { port: 8000, protocols: [liveMonitor(monitor).protocol] }) // http://localhost:8000/monitor
 */
export function liveMonitor(monitor: Monitor, options: LiveMonitorOptions = {}): LiveMonitor {
  if (typeof monitor?.check !== 'function') throw invalidArgument(`liveMonitor needs a monitor, got ${show(monitor)}`)
  checkOptions('liveMonitor', options, {
    title: nonEmptyString(),
    metrics: arrayOf(nonEmptyString()),
    period: anything(),
    maxReaders: wholeNumber(1),
    clock: ofType('object'),
  })
  const { title = `Monitor ${monitor.name}`, period = 'hour', maxReaders = 100, clock = systemClock() } = options
  const readers = new Set<Reader>()
  let last: CheckReport | undefined
  const view = (): LiveView => ({ monitor, last, period, metrics: options.metrics ?? metricsOf(last) })
  const update = (): Uint8Array =>
    utf8(`event: update\ndata: ${JSON.stringify(pageParts({ tiles: liveTiles(view()), sections: liveSections(view()) }))}\n\n`)
  const stop = monitor.on('check-end', (report) => {
    last = report
    if (readers.size === 0) return
    const bytes = update()
    for (const reader of readers) reader.send(bytes)
  })
  const html = (): string =>
    pageWithScript(
      {
        title,
        lead: 'Follows the checks of the monitor.',
        tiles: liveTiles(view()),
        sections: liveSections(view()),
        footer: 'Made with millwright.',
      },
      script,
    )
  const pageAnswer = (): LiveAnswer => ({
    status: 200,
    headers: { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' },
    body: html(),
  })
  const streamAnswer = (): LiveAnswer => {
    if (readers.size >= maxReaders)
      return { status: 503, headers: { 'content-type': 'text/plain; charset=utf-8', 'retry-after': '60' }, body: 'too many readers' }
    return {
      status: 200,
      headers: { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store', 'x-accel-buffering': 'no' },
      body: streamOf(readers, update(), clock),
    }
  }
  return {
    html,
    protocol: {
      name: 'monitor',
      routes: [
        { method: 'GET', path: '/monitor', handle: pageAnswer },
        { method: 'GET', path: '/monitor/events', handle: streamAnswer },
      ],
    },
    async handler(request) {
      const { status, headers, body } = new URL(request.url).pathname.endsWith('/events') ? streamAnswer() : pageAnswer()
      return new Response(body, { status, headers })
    },
    close() {
      stop()
      for (const reader of readers) reader.end()
    },
  }
}

function metricsOf(last: CheckReport | undefined): MetricName[] {
  const names = (last?.rules ?? []).filter(({ kind }) => kind === 'performance').map(({ details }) => details.metric as MetricName)
  return [...new Set(names)]
}

/** One open stream. */
interface Reader {
  send(bytes: Uint8Array): void
  end(): void
}

/** A stream that begins with the present state. A reader who does not keep up misses updates; each one holds everything, so nothing is lost. */
function streamOf(readers: Set<Reader>, first: Uint8Array, clock: Clock): ReadableStream<Uint8Array> {
  let leave = (): void => {}
  return new ReadableStream<Uint8Array>({
    start(controller) {
      let cancel = (): void => {}
      const beat = (): void => {
        cancel = clock.schedule(() => {
          reader.send(utf8(': still here\n\n'))
          beat()
        }, heartbeatMs)
      }
      leave = () => {
        cancel()
        readers.delete(reader)
      }
      const reader: Reader = {
        send(bytes) {
          if ((controller.desiredSize ?? 0) > -4) controller.enqueue(bytes)
        },
        end() {
          leave()
          controller.close()
        },
      }
      readers.add(reader)
      reader.send(first)
      beat()
    },
    cancel: () => leave(),
  })
}
