/** Columns and reports of one column for the tests of the detector. */
import { expect } from 'vitest'
import { isMillwrightError } from '../../../src/core/errors'
import { createRng } from '../../../src/core/random'
import type { ColumnDrift, DriftReport } from '../../../src/drift/drift-report'
import { type Column, columnFrom, makeColumn } from '../../../src/schema/column'

/** Draws normal numbers, the same ones for the same seed. */
export function normalsOf(seed: number): (n: number, shift?: number, scale?: number) => Float64Array {
  const rng = createRng(seed)
  return (n, shift = 0, scale = 1) => Float64Array.from({ length: n }, () => rng.normal() * scale + shift)
}

export const numbers = (name: string, values: Float64Array): Column => makeColumn(name, { type: 'float64', values })
export const strings = (name: string, cells: readonly (string | null)[]): Column => columnFrom(name, 'string', cells)

/** The one column of a report over one column. */
export function only(report: DriftReport): ColumnDrift {
  expect(report.columns.length).toBe(1)
  return report.columns[0] as ColumnDrift
}

/** Code and message of the error that `run` throws. */
export function codeOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (isMillwrightError(error)) return `${error.code}: ${error.message}`
    throw error
  }
  return 'no error'
}
