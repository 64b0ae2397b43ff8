/** Linear models on features of any scale, against the minimum of scikit-learn's objective; see test/golden/make_linear.py. */
import { describe, expect, it, vi } from 'vitest'
import {
  chain,
  crossValidate,
  isFittedLinear,
  linearRegression,
  logisticRegression,
  restoreModel,
  standardScaler,
} from '../../../src/learn/index'
import { columnFrom } from '../../../src/schema/column'
import { type Table, tableOf } from '../../../src/schema/table'
import golden from '../../golden/linear.json'
import { goldenSet, tableFrom } from './data'

function tableOfCase(
  { x, y }: { readonly x: readonly (readonly number[])[]; readonly y: readonly number[] },
  type: 'int32' | 'float64',
): Table {
  return tableOf([...x.map((cells, f) => columnFrom(`x${f}`, 'float64', cells)), columnFrom('y', type, y)])
}
const at = (x: readonly (readonly number[])[], rows: readonly number[]) =>
  rows.map((row) => Object.fromEntries(x.map((cells, f) => [`x${f}`, cells[row] as number])))

describe('logisticRegression has the minimum of its objective', () => {
  it.each(golden.logistic)('$name (scikit-learn $sklearn)', ({ c, x, y, rows, probabilities, coefficients, name }) => {
    const fitted = logisticRegression({ c }).fit(tableOfCase({ x, y }, 'int32'), { target: 'y' })
    expect(fitted).toMatchObject({ converged: true, warnings: [] })
    const found = fitted.predictProba(at(x, rows)).values
    const error = Math.max(...probabilities.map((want, i) => Math.abs(want - (found[i] as number))))
    expect(error).toBeLessThan(1e-6)
    const learner = fitted.parts.learner
    if (!isFittedLinear(learner)) throw new Error(name)
    const off = coefficients.map((want, i) => Math.abs(want - (learner.linear.coefficients[i] as number)))
    const largest = Math.max(...coefficients.map(Math.abs))
    expect(Math.max(...off) / largest).toBeLessThan(name.startsWith('nearly equal') ? 1e-3 : 1e-5)
  })

  it('is told the same by features that are scaled before it, as far as the penalty allows', () => {
    const { x, y, rows } = golden.logistic.find(({ name }) => name === 'times 1e6') as (typeof golden.logistic)[number]
    const table = tableOfCase({ x, y }, 'int32')
    const raw = logisticRegression({ c: 1e6 }).fit(table, { target: 'y' }).predictProba(at(x, rows)).values
    const scaled = chain([standardScaler(), logisticRegression({ c: 1e6 })])
      .fit(table, { target: 'y' })
      .predictProba(at(x, rows)).values
    expect(Math.max(...scaled.map((want, i) => Math.abs(want - (raw[i] as number))))).toBeLessThan(1e-5)
  })
})

describe('a fit that does not converge', () => {
  const iris = goldenSet('iris')
  const message =
    /^logisticRegression did not converge in 3 iterations: the largest part of the gradient is [\d.e-]+, more than the tolerance 1e-8; raise `maxIterations` \(3\)$/

  it('warns on the console, or through the logger, and the model says so, also once restored', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
    const estimator = logisticRegression({ maxIterations: 3 })
    const fitted = estimator.fit(iris, { target: 'target' })
    expect(warn.mock.calls).toEqual([[`millwright: ${fitted.warnings[0]}`]])
    expect(fitted).toMatchObject({ converged: false, iterations: 3, warnings: [expect.stringMatching(message)] })
    expect(restoreModel(fitted.pack())).toMatchObject({ converged: false, iterations: 3, warnings: [] })
    expect(fitted.pack().metadata).toMatchObject({ converged: false })
    warn.mockClear()
    const told: string[] = []
    const logger = { debug() {}, info() {}, error() {}, warn: (text: string) => void told.push(text) }
    await estimator.fitAsync(iris, { target: 'target', logger })
    await crossValidate(estimator, iris, { target: 'target', scoring: ['accuracy'], folds: 3, logger })
    expect(told).toEqual([expect.stringMatching(message), expect.stringMatching(/^in 3 of 3 folds: logisticRegression did not converge/)])
    expect(warn).not.toHaveBeenCalled()
    warn.mockRestore()
  })

  it('says nothing where there is nothing to say', () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
    expect(logisticRegression().fit(iris, { target: 'target' })).toMatchObject({ converged: true, warnings: [] })
    expect(logisticRegression({ tolerance: 0 }).fit(iris, { target: 'target' }).converged).toBe(true)
    expect(linearRegression().fit(goldenSet('diabetes'), { target: 'target' })).not.toHaveProperty('converged')
    expect(warn).not.toHaveBeenCalled()
    warn.mockRestore()
  })
})

describe('linearRegression is that of scikit-learn', () => {
  it.each(golden.linear)('$name', ({ alpha, x, y, rows, predictions, coefficients, name }) => {
    const fitted = linearRegression({ alpha }).fit(tableOfCase({ x, y }, 'float64'), { target: 'y' })
    // What is far from 0 loses as many digits in the sum of intercept and terms as it is far.
    const scale = Math.max(
      ...y.map(Math.abs),
      ...x
        .flat()
        .map(Math.abs)
        .filter((size) => size < 1e8),
    )
    const off = fitted.predict(at(x, rows)).map((guess, i) => Math.abs(guess - (predictions[i] as number)))
    expect(Math.max(...off) / scale).toBeLessThan(1e-10)
    const learner = fitted.parts.learner
    if (!isFittedLinear(learner)) throw new Error(name)
    const largest = Math.max(...coefficients.map(Math.abs))
    const differences = coefficients.map((want, f) => Math.abs((learner.linear.coefficients[f] as number) - want))
    expect(Math.max(...differences) / largest).toBeLessThan(1e-8)
  })

  it('one row, constant columns, and numbers near the ends of their range', () => {
    expect(
      linearRegression()
        .fit(tableFrom({ x: [3], y: [7] }), { target: 'y' })
        .predict([{ x: 5 }]),
    ).toEqual([7])
    const far = tableFrom({ x: [1e200, 2e200, 3e200], k: [4, 4, 4], y: [1, 2, 3] })
    expect(
      linearRegression()
        .fit(far, { target: 'y' })
        .predict([{ x: 4e200, k: 4 }])[0],
    ).toBeCloseTo(4, 9)
    const near = tableFrom({ x: [1e-200, 2e-200, 3e-200], y: [1, 2, 3] })
    expect(
      linearRegression()
        .fit(near, { target: 'y' })
        .predict([{ x: 4e-200 }])[0],
    ).toBeCloseTo(4, 9)
  })
})
