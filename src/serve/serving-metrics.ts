/** The metrics of a serving process: its requests, and what its predictors did. */
import type { MetricFamily, MetricSample } from '../ports/metric-family'
import { createHistogram, durationBounds, type Histogram } from '../predictor/histogram'
import type { PredictorStats } from '../predictor/prediction'
import type { Predictor } from '../predictor/predictor'

/** Counts requests by route. */
export interface HttpCounters {
  /** Counts the start of a request. */
  begin(): void
  /** Counts its end. `route` is the pattern of the path, never the path itself. */
  end(route: string, method: string, status: number, seconds: number): void
  readonly inProgress: number
  families(): MetricFamily[]
}

/** What is counted of one route. */
interface RouteCounts {
  readonly durations: Histogram
  /** By method and status. */
  readonly requests: Map<string, { readonly labels: Readonly<Record<string, string>>; count: number }>
}

const methods: readonly string[] = ['GET', 'HEAD', 'POST', 'OPTIONS', 'PUT', 'PATCH', 'DELETE']

/** Counters at zero. */
export function createHttpCounters(): HttpCounters {
  const routes = new Map<string, RouteCounts>()
  let inProgress = 0
  return {
    begin() {
      inProgress++
    },
    end(route, anyMethod, status, seconds) {
      inProgress--
      let counts = routes.get(route)
      if (counts === undefined) {
        counts = { durations: createHistogram(durationBounds), requests: new Map() }
        routes.set(route, counts)
      }
      counts.durations.add(seconds)
      // Clients can send any method, but the number of labels must stay small.
      const method = methods.includes(anyMethod) ? anyMethod : 'other'
      const key = method + status
      const entry = counts.requests.get(key)
      if (entry === undefined) counts.requests.set(key, { labels: { route, method, code: String(status) }, count: 1 })
      else entry.count++
    },
    get inProgress() {
      return inProgress
    },
    families: () => [
      family('http_requests', 'counter', 'HTTP requests answered, by route, method and status.', [
        ...[...routes.values()].flatMap(({ requests }) => [...requests.values()].map(({ labels, count }) => ({ labels, value: count }))),
      ]),
      family('http_request_duration_seconds', 'histogram', 'Time from the first byte of a request to its answer.', [
        ...[...routes].map(([route, { durations }]) => ({ labels: { route }, value: durations.snapshot() })),
      ]),
      family('http_requests_in_progress', 'gauge', 'HTTP requests being answered now.', [{ labels: {}, value: inProgress }]),
    ],
  }
}

/** Statistics of the predictors, with the labels `model` and `version`. The counters of a version start at zero when it is loaded. */
export function predictorFamilies(predictors: Iterable<Predictor>): MetricFamily[] {
  const models = [...predictors].map((predictor) => ({ predictor, stats: predictor.stats() }))
  const stats = models.map((model) => model.stats)
  return [...modelFamilies(models), ...callFamilies(stats), ...executionFamilies(stats), ...cacheFamilies(stats), ...errorFamilies(stats)]
}

/** Which models are served. */
function modelFamilies(models: readonly { readonly predictor: Predictor; readonly stats: PredictorStats }[]): MetricFamily[] {
  const info = models.map(({ predictor, stats }) => ({ labels: { ...labelsOf(stats), task: predictor.task }, value: 1 }))
  const loaded = models.map(({ predictor, stats }) => ({ labels: labelsOf(stats), value: predictor.closed ? 0 : 1 }))
  const loadSeconds = models.map(({ stats }) => ({ labels: labelsOf(stats), value: stats.loadSeconds }))
  return [
    family('model', 'info', 'The models served.', info),
    family('model_loaded', 'gauge', 'Whether the model is ready to answer.', loaded),
    family('model_load_seconds', 'gauge', 'Time it took to load the model.', loadSeconds),
  ]
}

/** Calls of the predictors. */
function callFamilies(all: readonly PredictorStats[]): MetricFamily[] {
  return [
    family('requests', 'counter', 'Calls of the predictor, by how they ended.', samplesBy('outcome', all, outcomes)),
    family('request_duration_seconds', 'histogram', 'Time from call to answer.', samplesOf(all, 'latency')),
    family('rows', 'counter', 'Rows answered.', samplesOf(all, 'rows')),
  ]
}

/** Executions of the models, and the queue before them. */
function executionFamilies(all: readonly PredictorStats[]): MetricFamily[] {
  return [
    family(
      'executions',
      'counter',
      'Executions of the model; rows divided by executions is the mean batch size.',
      samplesOf(all, 'batches'),
    ),
    family('batch_rows', 'histogram', 'Rows in one execution.', samplesOf(all, 'batchRows')),
    family('execution_seconds', 'histogram', 'Time of one execution of the model.', samplesOf(all, 'execution')),
    family('queue_wait_seconds', 'histogram', 'Time from call to the start of its execution.', samplesOf(all, 'queueWait')),
    family('queue_rows', 'gauge', 'Rows waiting now.', samplesOf(all, 'queueRows')),
    family(
      'batch_delay_seconds',
      'gauge',
      'How long a call waits for others to join it at present.',
      all.map((stats) => ({ labels: labelsOf(stats), value: stats.batchDelayMs / 1000 })),
    ),
  ]
}

/** The cache of answers. */
function cacheFamilies(all: readonly PredictorStats[]): MetricFamily[] {
  return [
    family('cache_hits', 'counter', 'Rows answered from the cache.', samplesOf(all, 'cacheHits')),
    family('cache_misses', 'counter', 'Rows not found in the cache.', samplesOf(all, 'cacheMisses')),
  ]
}

/** Calls that got no prediction. */
function errorFamilies(all: readonly PredictorStats[]): MetricFamily[] {
  return [
    family(
      'shed',
      'counter',
      'Calls refused or timed out because of overload, by reason.',
      samplesBy('reason', all, ({ shed }) => shed),
    ),
    family(
      'validation_errors',
      'counter',
      'Problems found in input, by kind.',
      samplesBy('kind', all, ({ problems }) => problems),
    ),
  ]
}

/** The statistics that are one number or one histogram. */
type SingleStat = { [K in keyof PredictorStats]: PredictorStats[K] extends MetricSample['value'] ? K : never }[keyof PredictorStats]

/** One sample for each predictor. */
function samplesOf(all: readonly PredictorStats[], key: SingleStat): MetricSample[] {
  return all.map((stats) => ({ labels: labelsOf(stats), value: stats[key] }))
}

/** One sample for each predictor and key of a record of counts; `label` holds the key. */
function samplesBy(
  label: string,
  all: readonly PredictorStats[],
  countsOf: (stats: PredictorStats) => Readonly<Record<string, number>>,
): MetricSample[] {
  return all.flatMap((stats) =>
    Object.entries(countsOf(stats)).map(([key, value]) => ({ labels: { ...labelsOf(stats), [label]: key }, value })),
  )
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
