/** The metrics of a serving process: its requests, and what its predictors did. */
import { createHistogram, durationBounds, type Histogram } from '../predictor/histogram'
import type { PredictorStats } from '../predictor/prediction'
import type { Predictor } from '../predictor/predictor'
import type { MetricFamily, MetricSample } from './prometheus'

/** Counts requests by route. */
export interface HttpCounters {
  /** A request began; the returned function tells its end. `route` is the pattern of the path, never the path itself. */
  begin(): (route: string, method: string, status: number, seconds: number) => void
  readonly inProgress: number
  families(): MetricFamily[]
}

const methods: readonly string[] = ['GET', 'HEAD', 'POST', 'OPTIONS', 'PUT', 'PATCH', 'DELETE']

/** Counters at zero. */
export function createHttpCounters(): HttpCounters {
  const requests = new Map<string, { labels: Readonly<Record<string, string>>; count: number }>()
  const durations = new Map<string, Histogram>()
  let inProgress = 0
  return {
    begin() {
      inProgress++
      return (route, anyMethod, status, seconds) => {
        inProgress--
        // Clients may invent methods; labels must stay few.
        const method = methods.includes(anyMethod) ? anyMethod : 'other'
        const key = `${method} ${status} ${route}`
        const entry = requests.get(key) ?? { labels: { route, method, code: String(status) }, count: 0 }
        entry.count++
        requests.set(key, entry)
        const histogram = durations.get(route) ?? createHistogram(durationBounds)
        histogram.add(seconds)
        durations.set(route, histogram)
      }
    },
    get inProgress() {
      return inProgress
    },
    families: () => [
      family('http_requests', 'counter', 'HTTP requests answered, by route, method and status.', [
        ...[...requests.values()].map(({ labels, count }) => ({ labels, value: count })),
      ]),
      family('http_request_duration_seconds', 'histogram', 'Time from the first byte of a request to its answer.', [
        ...[...durations].map(([route, histogram]) => ({ labels: { route }, value: histogram.snapshot() })),
      ]),
      family('http_requests_in_progress', 'gauge', 'HTTP requests being answered now.', [{ labels: {}, value: inProgress }]),
    ],
  }
}

/** What the predictors did, each under the labels `model` and `version`. A version's counters begin at zero when it takes over. */
export function predictorFamilies(predictors: Iterable<Predictor>): MetricFamily[] {
  const all = [...predictors].map((predictor) => ({ predictor, stats: predictor.stats() }))
  const each = (of: (stats: PredictorStats) => MetricSample['value']): MetricSample[] =>
    all.map(({ stats }) => ({ labels: labelsOf(stats), value: of(stats) }))
  const split = (label: string, of: (stats: PredictorStats) => Readonly<Record<string, number>>): MetricSample[] =>
    all.flatMap(({ stats }) => Object.entries(of(stats)).map(([key, value]) => ({ labels: { ...labelsOf(stats), [label]: key }, value })))
  return [
    family(
      'model',
      'info',
      'The models served.',
      all.map(({ predictor, stats }) => ({ labels: { ...labelsOf(stats), task: predictor.task }, value: 1 })),
    ),
    family(
      'model_loaded',
      'gauge',
      'Whether the model is ready to answer.',
      all.map(({ predictor, stats }) => ({ labels: labelsOf(stats), value: predictor.closed ? 0 : 1 })),
    ),
    family(
      'model_load_seconds',
      'gauge',
      'Time it took to load the model.',
      each(({ loadSeconds }) => loadSeconds),
    ),
    family('requests', 'counter', 'Calls of the predictor, by how they ended.', split('outcome', outcomes)),
    family(
      'request_duration_seconds',
      'histogram',
      'Time from call to answer.',
      each(({ latency }) => latency),
    ),
    family(
      'rows',
      'counter',
      'Rows answered.',
      each(({ rows }) => rows),
    ),
    family(
      'executions',
      'counter',
      'Executions of the model; rows by executions is the mean batch.',
      each(({ batches }) => batches),
    ),
    family(
      'batch_rows',
      'histogram',
      'Rows in one execution.',
      each(({ batchRows }) => batchRows),
    ),
    family(
      'execution_seconds',
      'histogram',
      'Time of one execution of the model.',
      each(({ execution }) => execution),
    ),
    family(
      'queue_wait_seconds',
      'histogram',
      'Time from call to the start of its execution.',
      each(({ queueWait }) => queueWait),
    ),
    family(
      'queue_rows',
      'gauge',
      'Rows waiting now.',
      each(({ queueRows }) => queueRows),
    ),
    family(
      'cache_hits',
      'counter',
      'Rows answered from the cache.',
      each(({ cacheHits }) => cacheHits),
    ),
    family(
      'cache_misses',
      'counter',
      'Rows looked up in the cache in vain.',
      each(({ cacheMisses }) => cacheMisses),
    ),
    family(
      'shed',
      'counter',
      'Calls refused or given up for overload, by reason.',
      split('reason', ({ shed }) => shed),
    ),
    family(
      'validation_errors',
      'counter',
      'Problems found in input, by kind.',
      split('kind', ({ problems }) => problems),
    ),
  ]
}

function outcomes({ requests, rejected, failed, aborted, shed }: PredictorStats): Record<string, number> {
  const lost = Object.values(shed).reduce((sum, count) => sum + count, 0)
  return { answered: requests - rejected - failed - aborted - lost, rejected, failed, aborted, shed: lost }
}

function labelsOf({ name, version }: PredictorStats): Record<string, string> {
  return { model: name, version }
}

function family(name: string, type: MetricFamily['type'], help: string, samples: readonly MetricSample[]): MetricFamily {
  return { name: `millwright_${name}`, type, help, samples }
}
