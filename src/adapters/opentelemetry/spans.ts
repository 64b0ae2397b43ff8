/** OpenTelemetry spans for predictions, runs and pipeline steps, made from their events. */
import { invalidArgument, show } from '../../core/errors'
import { anything, checkOptions, ofType, requireOptions } from '../../core/options'
import type { PredictionRecord, RefusedInput } from '../../ports/model'

/** A value of a span's attribute. */
export type OtelAttribute = string | number | boolean

/** The part of a span that is used. */
export interface OtelSpan {
  setAttribute(key: string, value: OtelAttribute): unknown
  addEvent(name: string, attributes?: Record<string, OtelAttribute>): unknown
  recordException(error: { readonly name?: string; readonly message: string }): void
  setStatus(status: { readonly code: number; readonly message?: string }): unknown
  /** `time`: epoch milliseconds. */
  end(time?: number): void
}

/** The part of a tracer that is used. */
export interface OtelTracer<Context, Span extends OtelSpan> {
  startSpan(
    name: string,
    options?: { readonly startTime?: number; readonly attributes?: Record<string, OtelAttribute>; readonly kind?: number },
    context?: Context,
  ): Span
}

/** The part of `@opentelemetry/api` that is used: `import * as api from '@opentelemetry/api'`. */
export interface OtelApi<Context, Span extends OtelSpan> {
  readonly trace: {
    getTracer(name: string): OtelTracer<Context, Span>
    setSpan(context: Context, span: Span): Context
  }
  readonly context: { active(): Context }
}

/** A predictor, by its events. */
export interface TracedPredictor {
  on(type: 'prediction', listener: (record: PredictionRecord) => void): () => void
  on(type: 'input-refused', listener: (refused: RefusedInput) => void): () => void
}

/** A run in the events of a tracker. */
export interface TracedRun {
  readonly runId: string
  readonly experimentId: string
  readonly name: string
}

/** A tracker, by its events. Times are epoch milliseconds. */
export interface TracedTracker {
  on(type: 'run-start', listener: (event: TracedRun & { readonly startTime: number }) => void): () => void
  on(type: 'run-end', listener: (event: TracedRun & { readonly status: string; readonly endTime: number }) => void): () => void
}

/** A run of a pipeline in its events. */
export interface TracedPipelineRun {
  readonly pipeline: string
  readonly runId: string
}

/** The end of a step. Times are epoch milliseconds. */
export interface TracedStepResult {
  readonly status: string
  readonly startedAt: number
  readonly endedAt: number
  readonly error?: unknown
}

/** A pipeline, by its events. */
export interface TracedPipeline {
  on(type: 'run-start', listener: (event: TracedPipelineRun & { readonly resumed: boolean }) => void): () => void
  on(type: 'step-start', listener: (event: TracedPipelineRun & { readonly step: string; readonly attempt: number }) => void): () => void
  on(
    type: 'step-end',
    listener: (event: TracedPipelineRun & { readonly step: string; readonly result: TracedStepResult }) => void,
  ): () => void
  on(type: 'run-end', listener: (event: TracedPipelineRun & { readonly status: string; readonly error?: unknown }) => void): () => void
}

/** What is traced. */
export interface TraceOptions<Context, Span extends OtelSpan> {
  readonly api: OtelApi<Context, Span>
  /** A span `predict <model>` for each call, and one for each refused call. */
  readonly predictors?: readonly TracedPredictor[] | undefined
  /** A span `run <name>` from the start of a run to its end. */
  readonly trackers?: readonly TracedTracker[] | undefined
  /** A span `pipeline <name>` for each run, with a child for each step. */
  readonly pipelines?: readonly TracedPipeline[] | undefined
}

/** `SpanStatusCode.ERROR` of OpenTelemetry's API. */
const failed = 2
/** Runs and steps whose end has not been seen; the oldest is ended when there are more. */
const maxOpen = 10_000

/**
 * Makes spans from events, without a change to what is traced. Spans have the active span of the caller as their parent: that of the HTTP request
 * for a prediction, where the application has a context manager.
 *
 * @returns a function that stops it, and ends what is open
 * @example traceWith({ api, predictors: [predictor], pipelines: [retraining] })
 * @throws InvalidArgument for invalid options
 */
export function traceWith<Context, Span extends OtelSpan>(options: TraceOptions<Context, Span>): () => void {
  requireOptions('traceWith', options, ['api'])
  checkOptions('traceWith', options, { api: ofType('object'), predictors: anything(), trackers: anything(), pipelines: anything() })
  const { api, predictors = [], trackers = [], pipelines = [] } = options
  if (typeof api.trace?.getTracer !== 'function')
    throw invalidArgument(`\`api\` of traceWith must be the module @opentelemetry/api, got ${show(api)}`)
  for (const source of [...predictors, ...trackers, ...pipelines])
    if (typeof source?.on !== 'function') throw invalidArgument(`traceWith traces predictors, trackers and pipelines, got ${show(source)}`)
  const spans = createSpans(api)
  const stops = [
    ...predictors.flatMap((source) => tracePredictor(source, spans)),
    ...trackers.flatMap((source) => traceTracker(source, spans)),
    ...pipelines.flatMap((source) => tracePipeline(source, spans)),
  ]
  return () => {
    for (const stop of stops) stop()
    spans.endAll()
  }
}

type Attributes = Readonly<Record<string, OtelAttribute | undefined>>

/** Spans that are open, by key. */
interface Spans {
  /** Starts a span under the span `parent`, else under the active one. */
  start(key: string, name: string, attributes: Attributes, options?: { readonly parent?: string; readonly at?: number }): void
  has(key: string): boolean
  event(key: string, name: string, attributes: Attributes): void
  end(key: string, attributes: Attributes, options?: { readonly at?: number | undefined; readonly error?: unknown }): void
  endAll(): void
}

function createSpans<Context, Span extends OtelSpan>({ trace, context }: OtelApi<Context, Span>): Spans {
  const tracer = trace.getTracer('millwright')
  const open = new Map<string, { readonly span: Span; readonly context: Context }>()
  const end: Spans['end'] = (key, attributes, { at, error } = {}) => {
    const found = open.get(key)
    if (found === undefined) return
    open.delete(key)
    for (const [name, value] of Object.entries(attributes)) if (value !== undefined) found.span.setAttribute(name, value)
    if (error !== undefined) {
      const { name, message } = typeof error === 'object' && error !== null ? (error as Error) : { name: 'Error', message: String(error) }
      found.span.recordException({ name, message })
      found.span.setStatus({ code: failed, message })
    }
    found.span.end(at)
  }
  return {
    start(key, name, attributes, { parent, at } = {}) {
      const under = (parent === undefined ? undefined : open.get(parent)?.context) ?? context.active()
      const span = tracer.startSpan(name, { attributes: present(attributes), ...(at === undefined ? {} : { startTime: at }) }, under)
      open.set(key, { span, context: trace.setSpan(under, span) })
      if (open.size > maxOpen) end(open.keys().next().value as string, {})
    },
    has: (key) => open.has(key),
    event: (key, name, attributes) => void open.get(key)?.span.addEvent(name, present(attributes)),
    end,
    endAll() {
      for (const key of [...open.keys()]) end(key, {})
    },
  }
}

function present(attributes: Attributes): Record<string, OtelAttribute> {
  return Object.fromEntries(Object.entries(attributes).filter((entry): entry is [string, OtelAttribute] => entry[1] !== undefined))
}

/** The rows of one call are told one by one in one turn, with one time: they are one span. */
function tracePredictor(source: TracedPredictor, spans: Spans): (() => void)[] {
  let calls = 0
  let last: { readonly key: string; readonly at: number; readonly latencyMs: number; rows: number; cached: number } | undefined
  const finish = (): void => {
    if (last !== undefined) spans.end(last.key, { 'millwright.rows': last.rows, 'millwright.cached_rows': last.cached }, { at: last.at })
    last = undefined
  }
  const named = ({ model, version }: { readonly model: string; readonly version: string }): Attributes => ({
    'millwright.model.name': model,
    'millwright.model.version': version,
  })
  return [
    source.on('prediction', (record) => {
      const { at, latencyMs, cached } = record
      if (last === undefined || last.at !== at || last.latencyMs !== latencyMs) {
        finish()
        last = { key: `predict ${++calls}`, at, latencyMs, rows: 0, cached: 0 }
        spans.start(last.key, `predict ${record.model}`, named(record), { at: at - latencyMs })
        queueMicrotask(finish)
      }
      last.rows++
      if (cached) last.cached++
    }),
    source.on('input-refused', (refused) => {
      const key = `refused ${++calls}`
      const { at, rows, refusedRows, columns } = refused
      spans.start(
        key,
        `predict ${refused.model}`,
        { ...named(refused), 'millwright.rows': rows, 'millwright.refused_rows': refusedRows },
        { at },
      )
      for (const [column, codes] of Object.entries(columns))
        spans.event(key, 'input refused', { column, problems: Object.keys(codes).join(', ') })
      spans.end(key, {}, { at, error: `${refusedRows} of ${rows} rows do not fit the model` })
    }),
  ]
}

function traceTracker(source: TracedTracker, spans: Spans): (() => void)[] {
  return [
    source.on('run-start', ({ runId, experimentId, name, startTime }) => {
      spans.start(
        `run ${runId}`,
        `run ${name}`,
        { 'millwright.run.id': runId, 'millwright.experiment.id': experimentId },
        { at: startTime },
      )
    }),
    source.on('run-end', ({ runId, status, endTime }) => {
      const error = status === 'failed' || status === 'killed' ? `the run was ${status}` : undefined
      spans.end(`run ${runId}`, { 'millwright.run.status': status }, { at: endTime, error })
    }),
  ]
}

function tracePipeline(source: TracedPipeline, spans: Spans): (() => void)[] {
  const runOf = ({ pipeline, runId }: TracedPipelineRun): string => JSON.stringify(['pipeline', pipeline, runId])
  const stepOf = ({ pipeline, runId, step }: TracedPipelineRun & { readonly step: string }): string =>
    JSON.stringify(['step', pipeline, runId, step])
  return [
    source.on('run-start', (event) => {
      spans.start(runOf(event), `pipeline ${event.pipeline}`, { 'millwright.run.id': event.runId, 'millwright.run.resumed': event.resumed })
    }),
    source.on('step-start', (event) => {
      if (event.attempt > 1) spans.event(stepOf(event), 'attempt', { attempt: event.attempt })
      else spans.start(stepOf(event), `step ${event.step}`, { 'millwright.step.name': event.step }, { parent: runOf(event) })
    }),
    source.on('step-end', (event) => {
      const { status, error, startedAt, endedAt } = event.result
      const key = stepOf(event)
      // A step taken from the cache or left out was never started.
      if (!spans.has(key))
        spans.start(key, `step ${event.step}`, { 'millwright.step.name': event.step }, { parent: runOf(event), at: startedAt })
      spans.end(key, { 'millwright.step.status': status }, { at: endedAt, ...(status === 'failed' ? { error: error ?? 'failed' } : {}) })
    }),
    source.on('run-end', (event) => {
      const { status, error } = event
      spans.end(runOf(event), { 'millwright.run.status': status }, status === 'failed' ? { error: error ?? 'failed' } : {})
    }),
  ]
}
