import { describe, expect, it } from 'vitest'
import { createRng } from '../../../../src/core/random'
import { linearRegression } from '../../../../src/learn'
import { fitDle, type LabelledRows } from '../../../../src/monitor'
import { columnFrom } from '../../../../src/schema/column'
import { tableOf } from '../../../../src/schema/table'

/** A model that is right on average; its error grows with `x`. */
function draw(n: number, seed: number, from: number, to: number): LabelledRows {
  const rng = createRng(seed)
  const x = Array.from({ length: n }, () => from + rng.next() * (to - from))
  const kind = x.map((_, i) => (i % 3 === 0 ? 'a' : 'b'))
  const actual = x.map((value) => 10 + value + rng.normal() * (0.2 + value))
  return {
    table: tableOf([columnFrom('x', 'float64', x), columnFrom('kind', 'string', kind)]),
    predicted: x.map((value) => 10 + value),
    actual,
  }
}
const realised = ({ predicted, actual }: LabelledRows) => {
  const errors = actual.map((value, i) => Math.abs((value as number) - (predicted[i] as number)))
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
  return { mae: mean(errors), rmse: Math.sqrt(mean(errors.map((error) => error * error))) }
}

describe('direct loss estimation', () => {
  const reference = draw(4000, 1, 0, 2)
  const estimator = fitDle(reference)

  it('estimates the error of a window from its inputs', () => {
    expect(estimator.metrics).toEqual(['mae', 'mape', 'mse', 'rmse', 'msle', 'rmsle'])
    for (const [from, to] of [
      [0, 2],
      [0, 0.5],
      [1.5, 2],
    ] as const) {
      const rows = draw(2000, 7, from, to)
      const truth = realised(rows)
      const mae = estimator.estimate(rows, 'mae')
      expect(Math.abs(mae.value / truth.mae - 1)).toBeLessThan(0.1)
      expect(Math.abs(estimator.estimate(rows, 'rmse').value / truth.rmse - 1)).toBeLessThan(0.12)
      expect([mae.low < mae.value, mae.high > mae.value, mae.higherIsBetter]).toEqual([true, true, false])
    }
    expect(estimator.estimate(draw(2000, 7, 0, 2), 'mae').alert).toBe(false)
    expect(estimator.estimate(draw(2000, 7, 1.5, 2), 'mae').alert).toBe(true)
    expect(estimator.estimate(reference, 'mae').reference).toBeCloseTo(realised(reference).mae, 12)
  })

  it('takes another learner and some of the columns', () => {
    const linear = fitDle(reference, { learner: linearRegression(), features: ['x'], metrics: ['mae'], chunkRows: 200 })
    const rows = draw(2000, 7, 1.5, 2)
    expect(Math.abs(linear.estimate(rows, 'mae').value / realised(rows).mae - 1)).toBeLessThan(0.1)
    expect(Number.isNaN(linear.estimate({ table: reference.table, predicted: [] }, 'mae').value)).toBe(true)
  })

  it.each([
    [() => fitDle({ ...reference, predicted: [], actual: [] }), 'fitDle needs at least two rows with a label each, got 0'],
    [
      () => fitDle({ ...reference, actual: reference.actual.map(String) }),
      'direct loss estimation needs numbers, and the label of row 0 is',
    ],
    [
      () => fitDle({ ...reference, predicted: reference.predicted.map(() => -5) }, { metrics: ['rmsle'] }),
      'the metric rmsle of fitDle needs predictions and labels above −1',
    ],
    [() => fitDle(reference, { features: ['y'] }), 'direct loss estimation needs the column "y"; the table has x, kind'],
    [() => estimator.estimate(reference, 'r2'), 'the estimator has no metric "r2"'],
  ])('refuses what it cannot use: %#', (run, message) => {
    expect(run).toThrow(message)
  })
})
