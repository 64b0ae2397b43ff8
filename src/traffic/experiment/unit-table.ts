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
  summary(arm: string, name: string, metric: AbMetric): ArmSummary
  readonly contaminated: number
  /** Units that found no place. */
  readonly uncounted: number
}

/** An empty table. */
export function createUnitTable(maxUnits: number): UnitTable {
  const table = new Map<string, Unit>()
  let contaminated = 0
  let uncounted = 0
  const valueFor = (unit: Unit, name: string, kind: AbMetric['kind']): number | undefined => {
    const value = unit.values?.get(name)
    if (kind === 'mean') return value === undefined ? undefined : value.sum / value.count
    if (value === undefined) return 0
    return kind === 'sum' ? value.sum : Number(value.sum !== 0)
  }
  return {
    expose(name, arm) {
      const unit = table.get(name)
      if (unit === undefined) {
        if (table.size >= maxUnits) {
          uncounted++
          return 'full'
        }
        table.set(name, { arm, contaminated: false })
        return 'new'
      }
      if (unit.arm === arm || unit.contaminated) return 'known'
      unit.contaminated = true
      contaminated++
      return 'contaminated'
    },
    armOf: (name) => table.get(name)?.arm,
    record(name, metric, value) {
      const unit = table.get(name)
      if (unit === undefined) return false
      unit.values ??= new Map()
      const held = unit.values.get(metric)
      if (held === undefined) unit.values.set(metric, { sum: value, count: 1 })
      else {
        held.sum += value
        held.count++
      }
      return true
    },
    units(arm) {
      let count = 0
      for (const unit of table.values()) if (unit.arm === arm && !unit.contaminated) count++
      return count
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
