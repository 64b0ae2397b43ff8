import { beforeAll, describe, expect, it } from 'vitest'
import { createRng } from '../../../src/core/random'
import { fromRows, withColumn } from '../../../src/dataset'
import { drop } from '../../../src/dataset/select'
import { type FittedModel, randomForestClassifier, randomForestRegressor } from '../../../src/learn'
import { type Diagnosis, diagnose } from '../../../src/monitor'

/** The label depends on `amount` and, less, on `age`; `noise` and `place` say nothing. `flip` inverts what `amount` means in one place. */
function rows(seed: number, { n = 1000, shift = 0, noiseShift = 0, flip = false } = {}) {
  const rng = createRng(seed)
  return fromRows(
    Array.from({ length: n }, () => {
      const amount = rng.normal() + shift
      const age = rng.normal()
      const place = ['north', 'south'][rng.int(2)] as string
      const meaning = flip && place === 'south' ? -amount : amount
      // Where amount is high, the label is mostly chance.
      const late = meaning + 0.5 * age + (amount > 0.8 ? 4 : 0.3) * rng.normal() > 0
      return { amount, age, noise: rng.normal() + noiseShift, place: place === 'south' ? 1 : 0, late: late ? 'yes' : 'no' }
    }),
  )
}

const featureOf = (found: Diagnosis, column: string) => found.features.find((feature) => feature.column === column)

describe('diagnose', () => {
  let model: FittedModel
  const reference = rows(2)
  beforeAll(() => {
    model = randomForestClassifier({ nEstimators: 20, maxDepth: 6, seed: 1 }).fit(rows(1), { target: 'late' })
  })

  it('advises nothing when nothing changed', () => {
    const found = diagnose(model, reference, rows(3))
    expect(found.retrainingAdvised).toBe(false)
    expect(found.reasons).toEqual(['no feature that matters drifted beyond the limit, and no importance changed much'])
    expect(Math.abs(found.performance.loss as number)).toBeLessThan(0.06)
    expect(found.prediction.driftDetected).toBe(false)
    expect(String(found)).toMatch(/^retraining not advised/)
  })

  it('ranks the feature that cost most first, and a harmless drift behind it', () => {
    const found = diagnose(model, reference, rows(4, { shift: 1.2, noiseShift: 1.2 }))
    expect(found.retrainingAdvised).toBe(true)
    expect(found.reasons.some((reason) => reason.startsWith('"amount" drifted'))).toBe(true)
    const [amount, noise] = [featureOf(found, 'amount'), featureOf(found, 'noise')]
    expect(amount?.drift.driftDetected && noise?.drift.driftDetected).toBe(true)
    expect(found.features[0]?.column).toBe('amount')
    expect(amount?.cost as number).toBeGreaterThan((noise?.cost as number) + 0.05)
    expect(Math.abs(noise?.cost as number)).toBeLessThan(0.06)
    expect(amount?.effectOnPredictions as number).toBeGreaterThan(0.2)
    expect(found.prediction.driftDetected).toBe(true)
    expect(found.target?.driftDetected).toBe(true)
    expect(JSON.parse(JSON.stringify(found))).toEqual(found)
  })

  it('tells target and prediction drift apart from feature drift, and the slice that lost', () => {
    // Nothing drifted, but in one place the label means something else.
    const found = diagnose(model, reference, rows(5, { flip: true }), { slices: ['place'], lossLimit: 0.1, importanceLimit: 0.9 })
    expect(found.features.filter(({ drift }) => drift.driftDetected)).toEqual([])
    expect(found.performance.loss as number).toBeGreaterThan(0.1)
    expect(found.reasons[0]).toMatch(/^the model lost 0\.\d+, limit 0\.1$/)
    expect(found.slices.map(({ value }) => value)).toEqual([1, 0])
    expect(found.slices[0]?.loss as number).toBeGreaterThan((found.slices[1]?.loss as number) + 0.2)
    expect((found.slices[0]?.share as number) + (found.slices[1]?.share as number)).toBeCloseTo(found.performance.loss as number, 1)
  })

  it('does not judge what the reference hardly has', () => {
    const found = diagnose(model, reference, rows(4, { shift: 6 }))
    expect(featureOf(found, 'amount')?.cost).toBe(null)
    expect(found.retrainingAdvised).toBe(true)
  })

  it('shows a column that is wrong: another unit, the labels as before', () => {
    const good = rows(8)
    const wrong = withColumn(good, 'amount', (row) => row.amount * 10 + 30)
    const found = diagnose(model, reference, wrong)
    expect(found.features[0]?.column).toBe('amount')
    expect(found.features[0]?.recovered as number).toBeGreaterThan(0.1)
    expect(found.features[0]?.recovered as number).toBeCloseTo(found.performance.loss as number, 1)
  })

  it('sees a change of importance', () => {
    const found = diagnose(model, reference, rows(6, { flip: true }))
    const change = featureOf(found, 'amount')?.importanceChange as number
    expect(Math.abs(change)).toBeGreaterThan(0.1)
    expect(found.reasons.some((reason) => reason.startsWith('the importance of "amount" changed'))).toBe(true)
  })

  it('works without labels: by drift and importance', () => {
    const found = diagnose(model, reference, drop(rows(7, { shift: 1.2, noiseShift: 1.2 }), ['late']))
    expect(found.performance).toMatchObject({ current: null, loss: null })
    expect(found.target).toBe(null)
    expect(found.features[0]?.column).toBe('amount')
    expect(found.features.every(({ importanceChange, recovered }) => recovered === null && importanceChange === null)).toBe(true)
  })

  it('takes some labels missing, regressors, and metrics where less is better', () => {
    const rng = createRng(9)
    const numbers = (shift: number) =>
      fromRows(
        Array.from({ length: 300 }, (_, i) => {
          const x = rng.normal() + shift
          return { x, y: i % 5 === 0 && shift > 0 ? null : Math.sin(x) * 3 + 0.1 * rng.normal() }
        }),
      )
    const train = numbers(0)
    const regressor = randomForestRegressor({ nEstimators: 10, seed: 1 }).fit(train, { target: 'y' })
    const found = diagnose(regressor, numbers(0), numbers(4), { metric: 'rmse' })
    expect(found.performance.loss as number).toBeGreaterThan(1)
    expect(featureOf(found, 'x')?.cost as number).toBeDefined()
    expect(featureOf(found, 'x')?.effectOnPredictions as number).toBeGreaterThan(0.5)
  })

  it('refuses what does not fit', () => {
    expect(() => diagnose({} as never, reference, reference)).toThrow(/takes a fitted model/)
    expect(() => diagnose(model, reference, drop(reference, ['amount']))).toThrow(/no column "amount"/)
    expect(() => diagnose(model, reference, reference, { slice: ['place'] } as never)).toThrow(/`slice` is not an option of diagnose/)
    expect(() => diagnose(model, reference, reference, { slices: ['nowhere'] })).toThrow(/no column "nowhere"/)
    expect(() => diagnose(model, reference, fromRows([]))).toThrow(/needs rows in both tables|no column/)
  })
})
