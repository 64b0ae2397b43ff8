/** Small forests trained with the package ml-random-forest. */
import { RandomForestClassifier, RandomForestRegression } from 'ml-random-forest'
import { createRng } from '../../src/core/random'

/** The members of its forests that tests use. */
export interface MlForestLike {
  predict(rows: readonly (readonly number[])[]): number[]
  predictionValues(rows: readonly (readonly number[])[]): { readonly rows: number; getRow(row: number): number[] }
}

/** Rows of three numbers. */
export function mlRows(numRows: number, seed: number): number[][] {
  const random = createRng(seed)
  return Array.from({ length: numRows }, () => Array.from({ length: 3 }, () => Math.round(random.next() * 40) / 8))
}

const classOf = ([a = 0, b = 0]: readonly number[]): number => (a > 2.6 ? 2 : b > 2 ? 1 : 0)
// The typings ask for every option.
const base = { seed: 3, maxFeatures: 0.8, replacement: true, noOOB: true, useSampleBagging: true }

/** A forest of three classes, with its training rows. */
export function mlClassifier(nEstimators = 9): MlForestLike {
  const rows = mlRows(60, 1)
  const forest = new RandomForestClassifier({ ...base, nEstimators } as never)
  forest.train(rows as never, rows.map(classOf) as never)
  return forest as unknown as MlForestLike
}

/** A forest of numbers. */
export function mlRegression(selectionMethod: 'mean' | 'median'): MlForestLike {
  const rows = mlRows(50, 2)
  const forest = new RandomForestRegression({ ...base, nEstimators: 8, selectionMethod } as never)
  forest.train(rows as never, rows.map(([a = 0, b = 0]) => a * 2 - b) as never)
  return forest as unknown as MlForestLike
}
