/** The trace a run is part of, as tags: the link between tracking and OpenTelemetry, without depending on it. */
import { invalidArgument, show } from '../core/errors'
import type { TraceContext } from './run-options'

/** W3C Trace Context, level 1, section 3.2: version, trace id, parent id, flags; later versions may add more after a dash. */
const traceparent = /^(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(?:-.*)?$/

/** The tags `millwright.trace_id` and, where known, `millwright.span_id`. @throws InvalidArgument */
export function traceTags(trace: string | TraceContext): Record<string, string> {
  const [traceId, spanId] = typeof trace === 'string' ? parse(trace) : [trace.traceId, trace.spanId]
  if (!isId(traceId, 32)) throw invalidArgument(`a trace id must be 32 hexadecimal digits, not all zero, got ${show(traceId)}`)
  if (spanId !== undefined && !isId(spanId, 16)) {
    throw invalidArgument(`a span id must be 16 hexadecimal digits, not all zero, got ${show(spanId)}`)
  }
  return { 'millwright.trace_id': traceId, ...(spanId === undefined ? {} : { 'millwright.span_id': spanId }) }
}

function parse(text: string): readonly [string, string] {
  const [, traceId, spanId] = traceparent.exec(text.trim()) ?? []
  if (traceId === undefined || spanId === undefined) {
    throw invalidArgument(`\`trace\` must be a W3C traceparent ("00-<trace id>-<span id>-01"), got ${show(text)}`)
  }
  return [traceId, spanId]
}

function isId(id: unknown, length: number): id is string {
  return typeof id === 'string' && id.length === length && /^[0-9a-f]+$/.test(id) && /[^0]/.test(id)
}
