/** Reading the golden vectors: `"NaN"` and `"Infinity"` are strings there. */
import { readFileSync } from 'node:fs'
import { expect } from 'vitest'

/** A golden file as JSON, with the three words turned into numbers. */
export function golden<T>(name: string): T {
  const words: Record<string, number> = { NaN: Number.NaN, Infinity: Number.POSITIVE_INFINITY, '-Infinity': Number.NEGATIVE_INFINITY }
  const text = readFileSync(new URL(`../../golden/drift-${name}.json`, import.meta.url), 'utf8')
  return JSON.parse(text, (_key, value) => (typeof value === 'string' && Object.hasOwn(words, value) ? words[value] : value)) as T
}

/** Two samples. */
export interface Pair {
  readonly ref: number[]
  readonly cur: number[]
}

/** The sample pairs by name. */
export function samplePairs(): Record<string, Pair> {
  return golden<{ pairs: Record<string, Pair> }>('samples').pairs
}

/** |actual − expected| ≤ relative·|expected| + absolute; NaN and infinities must be equal. */
export function expectClose(actual: number, expected: number, relative: number, absolute: number, label: string): void {
  const good = Object.is(actual, expected) || actual === expected || Math.abs(actual - expected) <= relative * Math.abs(expected) + absolute
  if (!good) expect.fail(`${label}: got ${actual}, expected ${expected}, off by ${actual - expected}`)
  expect(good).toBe(true)
}
