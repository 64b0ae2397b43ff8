/** The whole story in one process, its figures pinned: the same seed gives the same figures on every runtime and every version. */
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { story } from '../runtime/story'

it('goes from CSV to a promoted, served, drift-checked model with the same figures every time', async () => {
  const csv = readFileSync(new URL('../../examples/data/penguins.csv', import.meta.url), 'utf8')
  const first = await story(csv)
  expect(first).toEqual(await story(csv))
  expect(first.fingerprint).toMatch(/^[0-9a-f]{64}$/)
  expect(first.metrics.accuracy).toBeGreaterThan(0.93)
  expect(first.history).toEqual(['version-registered 1', 'alias-moved 1'])
  expect(first.logged).toBe(100)
  expect(first.httpStatus).toBe(200)
  expect(first.prediction).toMatchObject({ prediction: 'Adelie' })
  expect(first.pValue).toBeGreaterThan(0.05)
  expect(JSON.parse(first.pipeline)).toEqual({ one: 1, two: 2 })
})
