/** Ridge and lasso against scikit-learn's; see test/golden/make_penalized.py. */
import { describe, expect, it } from 'vitest'
import { isFittedLinear, lassoRegression, restoreModel, ridgeRegression } from '../../../src/learn/index'
import { columnFrom, makeColumn } from '../../../src/schema/column'
import { type Table, tableOf } from '../../../src/schema/table'
import golden from '../../golden/penalized.json'
import { goldenSet } from './data'

function correlated(): Table {
  const { rows, target } = golden.correlated
  const width = rows[0]?.length ?? 0
  return tableOf([
    ...Array.from({ length: width }, (_, f) =>
      makeColumn(`x${f}`, { type: 'float64', values: Float64Array.from(rows, (row) => row[f] as number) }),
    ),
    columnFrom('target', 'float64', target),
  ])
}

const tables = { diabetes: goldenSet('diabetes'), correlated: correlated() }

describe('as scikit-learn, to 1e-6', () => {
  it.each(golden.cases)('$kind, alpha $alpha, on $set', ({ set, kind, alpha, coefficients, intercept }) => {
    const estimator = kind === 'ridge' ? ridgeRegression({ alpha }) : lassoRegression({ alpha })
    const fitted = estimator.fit(tables[set as keyof typeof tables], { target: 'target' })
    const { learner } = fitted.parts
    if (!isFittedLinear(learner)) throw new Error('no linear model')
    const scale = Math.max(1, ...coefficients.map(Math.abs))
    learner.linear.coefficients.forEach((own, f) => {
      expect(Math.abs(own - (coefficients[f] as number)) / scale).toBeLessThan(1e-6)
      if (kind === 'lasso' && coefficients[f] === 0) expect(own).toBe(0)
    })
    expect(Math.abs((learner.linear.intercepts[0] as number) - intercept) / Math.max(1, Math.abs(intercept))).toBeLessThan(1e-6)
    const table = tables[set as keyof typeof tables]
    expect(restoreModel(fitted.pack()).predict(table)).toEqual(fitted.predict(table))
  })
})

describe('the lasso', () => {
  it('says when it did not converge', () => {
    const warnings: string[] = []
    const logger = { debug() {}, info() {}, warn: (text: string) => void warnings.push(text), error() {} }
    const fitted = lassoRegression({ alpha: 0.01, maxIterations: 1 }).fit(tables.correlated, { target: 'target', logger })
    expect(fitted.converged).toBe(false)
    expect(warnings[0]).toContain('did not converge in 1 passes')
  })

  it('gives the mean alone under a strong penalty', () => {
    const fitted = lassoRegression({ alpha: 1e6 }).fit(tables.correlated, { target: 'target' })
    const mean = golden.correlated.target.reduce((sum, value) => sum + value, 0) / golden.correlated.target.length
    expect(fitted.converged).toBe(true)
    for (const value of fitted.predict(tables.correlated) as number[]) expect(value).toBeCloseTo(mean, 9)
  })
})
