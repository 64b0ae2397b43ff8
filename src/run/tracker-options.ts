/** Options of trackers and of searches, and their checks. */
import type { Clock } from '../core/clock'
import { invalidArgument, show } from '../core/errors'
import type { Logger } from '../core/logger'
import { anything, arrayOf, checkOptions, either, nonEmptyString, ofType, oneOf, wholeNumber } from '../core/options'
import { assertUsage } from '../core/usage'
import type { EnvironmentSource } from '../ports/environment'
import { trackerBackendRule } from '../ports/port-rules'
import type { SystemMeterSource } from '../ports/system-metrics'
import type { TrackerBackend } from '../ports/tracker-backend'
import type { Table } from '../schema/table'
import type { StartRunOptions } from './run-options'

/** Options of `createBareTracker`; those of `createTracker` extend them. */
export interface BareTrackerOptions {
  /** Where runs are kept. `tracker.close()` closes it. */
  readonly backend: TrackerBackend
  /** @default the system clock */
  readonly clock?: Clock | undefined
  /** Logs every failure. @default silent */
  readonly logger?: Logger | undefined
  /** The user who starts runs. @default the user of the environment */
  readonly user?: string | undefined
  /** Captures git, runtime and machine, once per tracker. @default nothing is captured */
  readonly environment?: EnvironmentSource | undefined
  /** Called on the event `error`. */
  readonly onError?: ((error: unknown) => void) | undefined
  /** Seed of the names that are made up for runs without one. @default random */
  readonly seed?: number | undefined
  /** Longest time before logged values are written, in milliseconds. @default 2000 */
  readonly flushIntervalMs?: number | undefined
  /** Most unwritten points that a run may hold (28 bytes each); further points are dropped and reported as an `error`. @default 2000000 */
  readonly maxBufferedPoints?: number | undefined
  /** Most unwritten bytes of artifacts that a run may hold; further ones are dropped and reported as an `error`. @default 268435456 */
  readonly maxBufferedBytes?: number | undefined
  /** Computes the digest of tables for `run.logInput`: `fingerprint` of `millwright/dataset`. @default tables need an explicit `digest` */
  readonly fingerprint?: ((table: Table) => string) | undefined
  /**
   * Whether open runs end with the process (Node, Bun, Deno). When the event loop is empty they are written and end `finished`, or `failed`
   * when the exit code is not 0 or the function given to `tracker.run` has not returned. After SIGTERM or SIGINT they are written and
   * end `killed`, and the signal is raised again; where the application listens to the signal itself they are only written.
   * After an error that nobody caught they are written and end `failed`, and the error then ends the process; where the application listens for
   * such errors they are only written. `process.exit()` leaves no time for it: a warning names the runs that were open. @default false; true with `createTracker` of `millwright`
   */
  readonly handleExit?: boolean | undefined
  /** Whether runs record system metrics (`system/…`), and how often. @default false; every 10 s */
  readonly systemMetrics?: boolean | SystemMetricsOptions | undefined
  /** Reads system metrics: `nodeSystemMetrics()` of `millwright/node`, which is the default of `createTracker` of `millwright`. */
  readonly systemMeter?: SystemMeterSource | undefined
}

/** How often system metrics are recorded. */
export interface SystemMetricsOptions {
  /** In milliseconds. @default 10000, as MLflow */
  readonly everyMs?: number | undefined
}

/** Options of `tracker.search`. */
export interface SearchRunsOptions {
  /** One experiment's name, or several. @default all active experiments */
  readonly experiment?: string | readonly string[] | undefined
  /** MLflow's grammar: `metrics.acc > 0.9 AND params.model = 'forest'`. */
  readonly filter?: string | undefined
  /** `metrics.acc DESC`, `start_time ASC`, … @default newest first */
  readonly orderBy?: string | readonly string[] | undefined
  /** Most runs returned. @default 1000 */
  readonly limit?: number | undefined
  /** @default 'active' */
  readonly view?: 'active' | 'deleted' | 'all' | undefined
}

/** @throws InvalidArgument */
export function checkTrackerOptions(options: BareTrackerOptions): void {
  assertUsage('createTracker', options, {
    write: (url) => `createTracker({ backend: mlflowTracker({ url: ${url} }) })`,
    text: 'http://127.0.0.1:5000',
  })
  checkOptions('createTracker', options, {
    backend: trackerBackendRule(),
    clock: ofType('object'),
    logger: ofType('object'),
    user: ofType('string'),
    environment: ofType('function'),
    onError: ofType('function'),
    seed: ofType('number'),
    flushIntervalMs: wholeNumber(0),
    maxBufferedPoints: wholeNumber(1),
    maxBufferedBytes: wholeNumber(0),
    fingerprint: ofType('function'),
    handleExit: ofType('boolean'),
    systemMetrics: either(ofType('boolean'), ofType('object')),
    systemMeter: ofType('function'),
  })
  if (typeof options.systemMetrics === 'object') {
    checkOptions('`systemMetrics` of createTracker', options.systemMetrics, { everyMs: wholeNumber(1) })
  }
  if (options.systemMetrics && options.systemMeter === undefined) {
    throw invalidArgument('`systemMetrics` of createTracker needs `systemMeter`, such as nodeSystemMetrics()')
  }
  if (options.backend === undefined) throw invalidArgument('createTracker needs `backend`, where runs are kept')
}

/** @throws InvalidArgument */
export function checkStartOptions(subject: string, options: StartRunOptions): void {
  checkOptions(subject, options, {
    experiment: { allowed: 'a non-empty string, not only spaces', test: (value) => typeof value === 'string' && value.trim() !== '' },
    name: nonEmptyString(),
    resume: ofType('boolean'),
    tags: ofType('object'),
    parent: ofType('object'),
    seed: ofType('number'),
    description: ofType('string'),
    signal: anything(),
    systemMetrics: ofType('boolean'),
    trace: either(nonEmptyString(), ofType('object')),
  })
  if (options.resume === true && options.name === undefined)
    throw invalidArgument(`\`resume\` of ${subject} needs \`name\`, the name of the run`)
  const parent = options.parent as { runId?: unknown; experimentId?: unknown } | undefined
  if (parent !== undefined && (typeof parent.runId !== 'string' || typeof parent.experimentId !== 'string')) {
    throw invalidArgument(`\`parent\` of ${subject} must be a run, got ${show(parent)}`)
  }
}

/** @throws InvalidArgument */
export function checkSearchOptions(options: SearchRunsOptions): void {
  const texts = either(nonEmptyString(), arrayOf(nonEmptyString()))
  checkOptions('search', options, {
    experiment: texts,
    filter: ofType('string'),
    orderBy: texts,
    limit: wholeNumber(1),
    view: oneOf('active', 'deleted', 'all'),
  })
}
