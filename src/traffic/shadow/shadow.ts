/** A shadow: a candidate that gets a copy of the traffic, and whose answers nobody sees. */
import { attachDisplay } from '../../core/display'
import { createEmitter, type ListenOptions } from '../../core/emitter'
import { canonicalJson } from '../../core/json'
import type { MetricFamily } from '../../ports/metric-family'
import type { LoadedModel } from '../../ports/model'
import type { Predictor } from '../../predictor/predictor'
import type { Row } from '../../schema/table'
import { uniformOf } from '../assignment'
import { trafficFamily } from '../metric-families'
import { routedModel, stopwatchOf } from '../routed-model'
import type { ShadowReport } from './comparison'
import { createMirrorQueue } from './mirror-queue'
import { type ShadowEvents, type ShadowOptions, shadowPlanOf } from './shadow-options'

/** A shadow. `serve` and `Predictor.of` take it in place of a model. */
export interface Shadow extends LoadedModel {
  readonly name: string
  report(): ShadowReport
  /** Resolves when the candidate has answered all that waits now. */
  drain(): Promise<void>
  on<K extends keyof ShadowEvents & string>(type: K, listener: (event: ShadowEvents[K]) => void, options?: ListenOptions): () => void
  /** For `createHandler({ collect: () => shadow.families() })`. */
  families(): MetricFamily[]
}

/**
 * Puts a candidate in the shadow of a model. Callers get the primary's answers, as if there were no candidate: it starts after the answer, in a
 * queue of its own, and neither its failures nor its delays reach them. But both run on one thread unless a runtime has workers.
 *
 * @throws InvalidArgument
 *
 * @example
 * const shadow = createShadow({ primary: forest, candidate: boosted, share: 0.2 })
 * const server = await serve(shadow)
 * console.log(String(shadow.report()))
 */
export function createShadow(options: ShadowOptions): Shadow {
  const plan = shadowPlanOf(options)
  const { name, primary, candidate, share, clock } = plan
  const emitter = createEmitter<ShadowEvents>()
  const queue = createMirrorQueue(candidate.predictor, { ...plan, now: stopwatchOf(options.clock) }, emitter)
  const startedAt = clock.now()
  let rowsAnswered = 0
  const model = routedModel({
    ...{ subject: 'createShadow', arms: [primary], fallback: false, now: stopwatchOf(options.clock) },
    decide: () => ({ arm: primary.name }),
    onAnswered(_arm, rows, answers, primaryMs) {
      rowsAnswered += rows.length
      const chosen = rows.flatMap(({ row }, i) => (isChosen(row, share) ? [i] : []))
      if (chosen.length === 0) return
      const pick = <T>(items: readonly T[]): T[] => chosen.map((i) => items[i] as T)
      queue.add({ rows: pick(rows.map(({ row }) => row)), answers: pick(answers), primaryMs, at: clock.now() })
    },
    onFailed: () => {},
  })
  const report = (): ShadowReport =>
    displayReport({
      ...{ kind: 'shadow', name, primary: labelOf(primary.predictor), candidate: labelOf(candidate.predictor) },
      ...{ at: clock.now(), startedAt, rows: rowsAnswered },
      ...queue.report(),
    })
  const shadow: Shadow = {
    ...model,
    // The primary's own signature: there is no output that names an arm.
    signature: primary.predictor.signature,
    name,
    report,
    drain: queue.drain,
    on: (type, listener, listen) => emitter.on(type, listener, listen),
    families: () => familiesOf(report()),
    async dispose() {
      await model.dispose()
      await queue.close()
      if (candidate.owned) await candidate.predictor.close()
    },
  }
  return attachDisplay(shadow, { text: () => String(report()) })
}

/** Whether a row is copied: by its content, so that equal rows are treated alike. */
function isChosen(row: Row, share: number): boolean {
  return share >= 1 || (share > 0 && uniformOf(`shadow\u0000${canonicalJson(row)}`) < share)
}

function labelOf({ name, version }: Predictor): string {
  return `${name}@${version}`
}

function displayReport(report: ShadowReport): ShadowReport {
  const share = report.compared === 0 ? '–' : `${((100 * report.disagreements) / report.compared).toFixed(1)} %`
  const { mean, p99 } = report.scoreDistance
  const scores = Number.isNaN(mean) ? '' : `, scores ${mean.toPrecision(3)} apart (p99 ${p99.toPrecision(3)})`
  const text = `Shadow: ${report.candidate} beside ${report.primary}: ${report.compared} rows compared, ${share} with another label${scores}; ${report.failed} failed, ${report.dropped} dropped`
  return attachDisplay(report, { text: () => text })
}

function familiesOf(report: ShadowReport): MetricFamily[] {
  const one = (value: number) => [{ labels: { shadow: report.name }, value }]
  return [
    trafficFamily('shadow_compared', 'counter', 'Rows that both models answered.', one(report.compared)),
    trafficFamily('shadow_disagreements', 'counter', 'Rows with another label from the candidate.', one(report.disagreements)),
    trafficFamily('shadow_failed', 'counter', 'Rows on which the candidate failed.', one(report.failed)),
    trafficFamily('shadow_dropped', 'counter', 'Rows that were not sent to the candidate.', one(report.dropped)),
    trafficFamily('shadow_score_distance', 'gauge', 'Mean absolute difference of scores.', one(report.scoreDistance.mean)),
  ]
}
