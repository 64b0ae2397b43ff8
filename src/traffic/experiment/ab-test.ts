/** An A/B test: models that answer different users, and the statistics that say which is better. */
import { systemClock } from '../../core/clock'
import { attachDisplay } from '../../core/display'
import { createEmitter, type ListenOptions } from '../../core/emitter'
import { invalidArgument, show } from '../../core/errors'
import type { MetricFamily } from '../../ports/metric-family'
import type { LoadedModel } from '../../ports/model'
import { trafficFamily } from '../metric-families'
import { routedModel, stopwatchOf } from '../routed-model'
import { type AbPlan, type AbTestOptions, CALL_METRICS, planOf } from './ab-options'
import type { AbResults } from './ab-results'
import { type AbEvents, openAbState } from './ab-state'
import type { UnitTable } from './unit-table'

/** An A/B test. `serve` and `Predictor.of` take it in place of a model. */
export interface AbTest extends LoadedModel {
  readonly name: string
  /** The arm of a unit, without an exposure. */
  variantOf(unit: string): string
  /**
   * Records a value of a unit, at any time after its first answer: `record('user-7', 'converted', true)`, `record('user-7', 'revenue', 12.5)`. Values of
   * units that were never answered are counted as `unmatched`.
   * @throws InvalidArgument for an unknown metric or a value that is no finite number or boolean
   */
  record(unit: string, metric: string, value?: number | boolean): void
  /** Stores what is pending, reads what other processes stored, and computes the results. */
  results(): Promise<AbResults>
  /** Stores exposures and values. Without `storage` it does nothing. */
  flush(): Promise<void>
  on<K extends keyof AbEvents & string>(type: K, listener: (event: AbEvents[K]) => void, options?: ListenOptions): () => void
  /** For `createHandler({ collect: () => test.families() })`. */
  families(): MetricFamily[]
}

/**
 * Opens an A/B test. A unit (a user) always gets the same arm, in every process; its answers have the output `variant`. The unit of analysis is the unit of
 * assignment. Calls without a unit get the control and are not counted. With `storage`, a restart goes on where the test was.
 *
 * @throws InvalidArgument; Conflict when the storage holds a test of this name with other arms, weights, metrics or salt; the storage's errors
 *
 * @example
 * const test = await createAbTest({
 *   name: 'new-forest', key: 'user_id', arms: { control: forest, treatment: boosted },
 *   metrics: { converted: { kind: 'share', minimumEffect: 0.01 }, latency_ms: { kind: 'mean', higherIsBetter: false, margin: 20 } },
 * })
 * const server = await serve(test)
 * test.record('user-7', 'converted', true)
 * console.log((await test.results()).verdict.text)
 */
export async function createAbTest(options: AbTestOptions): Promise<AbTest> {
  const plan = planOf(options)
  const clock = options.clock ?? systemClock()
  const emitter = createEmitter<AbEvents>()
  const { storage, flushEveryMs = 1000, fallback = true, key, keyType } = options
  const state = await openAbState(plan, { storage, flushEveryMs, clock, emitter })
  const recordsCalls = CALL_METRICS.filter((name) => plan.metrics[name] !== undefined)
  const control = plan.arms[0]?.name as string

  const recordCall = (unit: string, failed: number, latencyMs: number | undefined): void => {
    for (const name of recordsCalls) {
      const value = name === 'error_rate' ? failed : latencyMs
      if (value !== undefined) state.record(unit, name, value)
    }
  }
  const model = routedModel({
    ...{ subject: 'createAbTest', arms: plan.arms, fallback, key, keyType },
    decide: (unit) => ({ arm: unit === undefined ? control : state.variantOf(unit) }),
    onAnswered(arm, rows, _predictions, latencyMs) {
      for (const { unit } of rows) {
        // A row of another arm that fell back on the control says nothing about the control.
        if (unit === undefined || plan.overrides.has(unit) || state.variantOf(unit) !== arm) continue
        state.meet(unit, arm)
        recordCall(unit, 0, latencyMs)
      }
    },
    onFailed(arm, rows, error) {
      for (const { unit } of rows) {
        if (unit === undefined || plan.overrides.has(unit)) continue
        state.meet(unit, arm)
        recordCall(unit, 1, undefined)
      }
      emitter.emit('error', error)
    },
    now: stopwatchOf(options.clock),
  })

  const test: AbTest = {
    ...model,
    name: plan.name,
    variantOf: state.variantOf,
    record(unit, metric, value = true) {
      state.record(assertUnit(unit), assertMetric(metric, plan), assertValue(metric, value))
    },
    results: state.results,
    flush: state.flush,
    on: (type, listener, listen) => emitter.on(type, listener, listen),
    families: () => familiesOf(plan, state.table),
    async dispose() {
      await state.flush()
      await model.dispose()
    },
  }
  return attachDisplay(test, { text: () => `AbTest: ${plan.name} (${plan.arms.map(({ name }) => name).join(', ')})` })
}

function assertUnit(unit: unknown): string {
  if (typeof unit !== 'string' || unit === '') throw invalidArgument(`record needs a unit, a non-empty string, got ${show(unit)}`)
  return unit
}

function assertMetric(metric: string, { metrics, name }: AbPlan): string {
  if (CALL_METRICS.includes(metric)) throw invalidArgument(`the metric ${show(metric)} is recorded by the test itself`)
  if (Object.hasOwn(metrics, metric)) return metric
  throw invalidArgument(`${show(metric)} is no metric of the A/B test ${show(name)}; it has ${Object.keys(metrics).map(show).join(', ')}`)
}

function assertValue(metric: string, value: unknown): number {
  if (typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))) return Number(value)
  throw invalidArgument(`a value of ${show(metric)} must be a finite number or a boolean, got ${show(value)}`)
}

function familiesOf(plan: AbPlan, table: UnitTable): MetricFamily[] {
  const labels = (arm: string): Record<string, string> => ({ experiment: plan.name, arm })
  const arms = plan.arms.map(({ name }) => name)
  const means = arms.flatMap((arm) =>
    Object.keys(plan.metrics).map((metric) => ({ labels: { ...labels(arm), metric }, value: table.mean(arm, metric) })),
  )
  return [
    trafficFamily(
      'experiment_units',
      'gauge',
      'Units that met an arm of an A/B test.',
      arms.map((arm) => ({ labels: labels(arm), value: table.units(arm) })),
    ),
    trafficFamily('experiment_metric', 'gauge', 'Mean of a metric over the units of an arm.', means),
  ]
}
