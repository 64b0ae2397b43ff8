/** Splits a batch that the backend refused, to find out which part it refuses. */
import { isMillwrightError, MillwrightError } from '../core/errors'
import type { MetricPoint, RunBatch } from '../ports/tracker-backend'

/** Whether the backend refused the data itself, so that a retry cannot succeed. */
export function isRefusal(error: unknown): boolean {
  return isMillwrightError(error, 'InvalidArgument') || isMillwrightError(error, 'Conflict')
}

/** Splits a batch into parts: each param, each tag, each metric's points, each dataset, each model. The points stay the same objects. */
export function partsOf({ metrics = [], params = {}, tags = {}, datasets = [], outputModels = [] }: RunBatch): RunBatch[] {
  const byKey = new Map<string, MetricPoint[]>()
  for (const point of metrics) {
    const group = byKey.get(point.key)
    if (group === undefined) byKey.set(point.key, [point])
    else group.push(point)
  }
  return [
    ...Object.entries(params).map((entry) => ({ params: Object.fromEntries([entry]) })),
    ...[...byKey.values()].map((group) => ({ metrics: group })),
    ...Object.entries(tags).map((entry) => ({ tags: Object.fromEntries([entry]) })),
    ...datasets.map((input) => ({ datasets: [input] })),
    ...outputModels.map((model) => ({ outputModels: [model] })),
  ]
}

/** The first of several refusals, with the number of the others. */
export function firstOf(refusals: readonly unknown[]): unknown {
  const [first, ...others] = refusals
  if (others.length === 0 || !isMillwrightError(first)) return first
  return new MillwrightError(first.code, `${first.message} (and ${others.length} more)`, { details: first.details, cause: first })
}
