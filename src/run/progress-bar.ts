/** A progress bar: one line that is overwritten on a terminal, HTML that is replaced in a notebook, and a new line every few seconds elsewhere (logs). */
import { type Clock, systemClock } from '../core/clock'
import { checkOptions, ofType, wholeNumber } from '../core/options'
import type { OnProgress } from '../core/progress'
import { type HtmlOutput, notebookOutput, progressHtml } from './notebook-progress'

/** Where a bar is written: `process.stderr` fits. */
export interface ProgressStream {
  write(text: string): unknown
  /** Whether it is a terminal, where a line can be overwritten. */
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
}

/** Options of {@link progressBar}. */
export interface ProgressBarOptions {
  /** @default standard error; the console where there is none */
  readonly stream?: ProgressStream | undefined
  /**
   * Shows the bar as HTML in place of text. Each call replaces the HTML of the last one: `newDisplay().html` in tslab.
   * @default in a notebook of Deno its display, unless `stream` is given; otherwise text
   */
  readonly html?: HtmlOutput | undefined
  /** The text before the bar. @default the phase */
  readonly label?: string | undefined
  /** Length of the bar in characters. @default 24 */
  readonly width?: number | undefined
  /** Shortest time between two updates, in milliseconds. @default 100 on a terminal, 250 as HTML, 5000 elsewhere */
  readonly everyMs?: number | undefined
  /** @default the system clock */
  readonly clock?: Clock | undefined
}

/**
 * A progress bar, to be passed as `onProgress`: `fit ██████░░░░  60 % 60/100 steps, 12.5/s, 3 s left`. The last event always shows, and ends
 * the line. A new phase starts a line of its own. Failures of the stream are ignored.
 *
 * @example model.fit(train, { target: 'late', onProgress: progressBar() })
 * @throws InvalidArgument
 */
export function progressBar(options: ProgressBarOptions = {}): OnProgress {
  checkOptions('progressBar', options, {
    stream: ofType('object'),
    html: ofType('function'),
    label: ofType('string'),
    width: wholeNumber(1, 200),
    everyMs: wholeNumber(0),
    clock: ofType('object'),
  })
  const { width = 24, clock = systemClock() } = options
  const show = options.html ?? (options.stream === undefined ? notebookOutput() : undefined)
  const stream = options.stream ?? standardError()
  const terminal = stream.isTTY === true && show === undefined
  const everyMs = options.everyMs ?? (terminal ? 100 : show === undefined ? 5000 : 250)
  let phase: string | undefined
  let [start, last, lineLength, firstDone, lastDone] = [0, 0, 0, 0, 0]
  return (event) => {
    const now = clock.now()
    if (event.phase !== phase || event.done < lastDone) {
      if (terminal && lineLength > 0) write(stream, '\n')
      ;[phase, start, last, lineLength, firstDone] = [event.phase, now, Number.NEGATIVE_INFINITY, 0, event.done]
    }
    lastDone = event.done
    const ended = event.done === event.total
    // True when the clock was set back.
    if (!ended && now >= last && now - last < everyMs) return
    last = now
    const seconds = Math.max(0, now - start) / 1000
    // The time before the first event is unknown, so the work that it reports does not count towards the speed.
    const rate = seconds > 0 ? (event.done - firstDone) / seconds : 0
    const label = options.label ?? event.phase
    if (show !== undefined) return attempt(() => show(progressHtml(event, lineOf(event, label, 0, seconds, rate))))
    const line = lineOf(event, label, width, seconds, rate).slice(0, (stream.columns ?? 200) - 1)
    // Spaces overwrite the rest of a longer line.
    write(stream, terminal ? `\r${line.padEnd(lineLength)}${ended ? '\n' : ''}` : `${line}\n`)
    lineLength = ended ? 0 : line.length
  }
}

function lineOf({ done, total, unit }: Parameters<OnProgress>[0], label: string, width: number, seconds: number, rate: number): string {
  const speed = rate > 0 ? `, ${short(rate)}/s` : ''
  if (total === undefined) return `${label} ${done} ${unit}${speed}`
  const share = total > 0 ? Math.min(1, done / total) : 1
  const filled = Math.round(share * width)
  const left = rate > 0 && done < total ? `, ${duration((total - done) / rate)} left` : done >= total ? `, ${duration(seconds)}` : ''
  const percent = `${Math.floor(share * 100)}`.padStart(3)
  const bar = width === 0 ? '' : `${'█'.repeat(filled)}${'░'.repeat(width - filled)} `
  return `${label} ${bar}${percent} % ${done}/${total} ${unit}${speed}${left}`
}

function short(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3).replace(/\.?0+$/, '')
}

function duration(seconds: number): string {
  if (seconds < 60) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`
  const minutes = Math.round(seconds / 60)
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

function write(stream: ProgressStream, text: string): void {
  attempt(() => stream.write(text))
}

/** A progress bar must never break the work it shows. */
function attempt(work: () => unknown): void {
  try {
    work()
  } catch {
    // Not reported, because nobody could act on it.
  }
}

function standardError(): ProgressStream {
  const { process } = globalThis as { process?: { stderr?: ProgressStream } }
  return typeof process?.stderr?.write === 'function' ? process.stderr : { write: (text) => console.info(text.trimEnd()) }
}
