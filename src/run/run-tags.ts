/** Tags that a tracker sets itself: the environment, the trace, and the error that ended a run. */
import { invalidArgument, show } from '../core/errors'
import type { RunEnvironment } from '../ports/environment'
import { runLimits } from '../ports/run-keys'
import type { TraceContext } from './run-options'

/** Truncates a text to the length limit of tags, and makes it well-formed. */
function truncateTag(text: string): string {
  return text.slice(0, runLimits.tagValue).toWellFormed()
}

/** The name and message of a thrown value, truncated to the length of a tag. */
export function errorText(error: unknown): string {
  return truncateTag(error instanceof Error ? `${error.name}: ${error.message}` : String(error))
}

/** Tags of the environment: MLflow's reserved ones, and `millwright.…` for what MLflow has no tag for. Unknown facts have no tag. */
export function environmentTags(environment: RunEnvironment, seed: number | undefined): Record<string, string> {
  const { runtime, runtimeVersion, packageName, packageVersion, gitDirty } = environment
  const tags: Record<string, string | undefined> = {
    'mlflow.user': environment.user,
    'mlflow.source.name': environment.entryScript,
    'mlflow.source.type': 'LOCAL',
    'mlflow.source.git.commit': environment.gitCommit,
    'mlflow.source.git.branch': environment.gitBranch,
    'mlflow.source.git.repoURL': environment.gitRepoUrl,
    'mlflow.source.git.dirty': gitDirty === undefined ? undefined : String(gitDirty),
    'millwright.runtime': runtime === undefined ? undefined : `${runtime} ${runtimeVersion ?? ''}`.trim(),
    'millwright.os': environment.os,
    'millwright.package':
      packageName === undefined ? undefined : `${packageName}${packageVersion === undefined ? '' : `@${packageVersion}`}`,
    'millwright.lockfile': environment.lockfileDigest,
    'millwright.seed': seed === undefined ? undefined : String(seed),
  }
  const known = Object.entries(tags).filter((entry): entry is [string, string] => typeof entry[1] === 'string' && entry[1] !== '')
  return Object.fromEntries(known.map(([key, value]) => [key, truncateTag(value)]))
}

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
