/** What is known about each unit of an A/B test, and its summary by arm. */
import { addMoment, emptyMoments } from '../../stats/running-moments'
import type { ArmSummary } from '../statistics/compare-arms'
import type { AbMetric } from './ab-options'

interface Unit {
  readonly arm: string
  /** Seen in two arms: left out of the statistics. */
  contaminated: boolean
  /** By metric: sum and count of the recorded values. */
  values?: Map<string, { sum: number; count: number }>
}

/** The units of a test. */
export interface UnitTable {
  /** A unit met an arm. `new` only the first time. */
  expose(unit: string, arm: string): 'new' | 'known' | 'contaminated' | 'full'
  armOf(unit: string): string | undefined
  /** Adds a value of a unit; whether the unit is known. */
  record(unit: string, metric: string, value: number): boolean
  /** Units of an arm, without the contaminated ones. */
  units(arm: string): number
  /** Reads all units. */
  summary(arm: string, name: string, metric: AbMetric): ArmSummary
  /** The mean of `summary` from sums that are kept, for metrics that are scraped often. `NaN` without units. */
  mean(arm: string, name: string): number
  readonly contaminated: number
  /** Units that found no place. */
  readonly uncounted: number
}

/** Sums over the units of an arm. */
interface ArmTotals {
  units: number
  /** By metric: sum of what the units count for, and how many count. */
  readonly metrics: Map<string, { sum: number; count: number }>
}

/** An empty table. */
export function createUnitTable(maxUnits: number, metrics: Readonly<Record<string, AbMetric>>): UnitTable {
  const table = new Map<string, Unit>()
  let contaminated = 0
  let uncounted = 0
  const totals = createArmTotals(metrics)
  return {
    expose(name, arm) {
      const unit = table.get(name)
      if (unit === undefined) {
        if (table.size >= maxUnits) {
          uncounted++
          return 'full'
        }
        const fresh = { arm, contaminated: false }
        table.set(name, fresh)
        totals.count(fresh, 1)
        return 'new'
      }
      if (unit.arm === arm || unit.contaminated) return 'known'
      totals.count(unit, -1)
      unit.contaminated = true
      contaminated++
      return 'contaminated'
    },
    armOf: (name) => table.get(name)?.arm,
    record(name, metric, value) {
      const unit = table.get(name)
      if (unit === undefined) return false
      if (!unit.contaminated) totals.count(unit, -1, metric)
      unit.values ??= new Map()
      const held = unit.values.get(metric)
      if (held === undefined) unit.values.set(metric, { sum: value, count: 1 })
      else {
        held.sum += value
        held.count++
      }
      if (!unit.contaminated) totals.count(unit, 1, metric)
      return true
    },
    units: (arm) => totals.of(arm).units,
    mean(arm, name) {
      const total = totals.of(arm).metrics.get(name)
      return total === undefined || total.count === 0 ? Number.NaN : total.sum / total.count
    },
    summary(arm, name, { kind }) {
      let moments = emptyMoments()
      for (const unit of table.values()) {
        const value = unit.arm === arm && !unit.contaminated ? valueFor(unit, name, kind) : undefined
        if (value !== undefined) moments = addMoment(moments, value)
      }
      const { count, mean, m2 } = moments
      return { count, mean, variance: count < 2 ? Number.NaN : m2 / (count - 1) }
    },
    get contaminated() {
      return contaminated
    },
    get uncounted() {
      return uncounted
    },
  }
}

/** What a unit counts for in a metric; `undefined` when it does not count. */
function valueFor(unit: Unit, name: string, kind: AbMetric['kind']): number | undefined {
  const value = unit.values?.get(name)
  if (kind === 'mean') return value === undefined ? undefined : value.sum / value.count
  if (value === undefined) return 0
  return kind === 'sum' ? value.sum : Number(value.sum !== 0)
}

/** The sums of every arm. */
function createArmTotals(metrics: Readonly<Record<string, AbMetric>>): {
  of(arm: string): ArmTotals
  /** Adds what a unit counts for to the sums of its arm, or takes it away; of one metric or of all. */
  count(unit: Unit, sign: 1 | -1, only?: string): void
} {
  const totals = new Map<string, ArmTotals>()
  const of = (arm: string): ArmTotals => {
    const held = totals.get(arm)
    if (held !== undefined) return held
    const fresh = { units: 0, metrics: new Map(Object.keys(metrics).map((name) => [name, { sum: 0, count: 0 }])) }
    totals.set(arm, fresh)
    return fresh
  }
  return {
    of,
    count(unit, sign, only) {
      const arm = of(unit.arm)
      if (only === undefined) arm.units += sign
      for (const [name, total] of arm.metrics) {
        const value = only === undefined || name === only ? valueFor(unit, name, metrics[name]?.kind ?? 'sum') : undefined
        if (value === undefined) continue
        total.sum += sign * value
        total.count += sign
      }
    },
  }
}
