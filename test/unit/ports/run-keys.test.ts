import { describe, expect, it } from 'vitest'
import { isMillwrightError } from '../../../src/core/errors'
import { assertBatch, assertRunKey, assertRunName } from '../../../src/ports/run-keys'

function takes(key: string, rule?: 'mlflow' | 'files'): boolean {
  try {
    assertRunKey(key, 'metric', rule)
    return true
  } catch (error) {
    expect(isMillwrightError(error, 'InvalidArgument')).toBe(true)
    expect((error as Error).message).toContain('metric key')
    return false
  }
}

describe('assertRunKey', () => {
  // Checked against mlflow.utils.validation of MLflow 3.17 by test/interop/mlflow/hostile_names.ts.
  it.each(['a', 'val/loss', 'a b', '日本', 'é', 'a-b_c.d', '__proto__', '0', 'a..', 'a/..b', '𝒜'.repeat(250), 'é'.repeat(250)])(
    'takes %j as MLflow does',
    (key) => expect(takes(key, 'mlflow')).toBe(true),
  )

  it.each([
    '',
    '..',
    '../x',
    '..a',
    '...',
    '.',
    './a',
    'a//b',
    '/a',
    'a/',
    'a/../b',
    'a\nb',
    'a\\b',
    'a?b',
    'e\u0301',
    '😀',
    'a\u0000',
    'x'.repeat(251),
  ])('refuses %j as MLflow does', (key) => expect([takes(key, 'mlflow'), takes(key, 'files')]).toEqual([false, false]))

  it.each(['a:b', 'con', 'a/nul.txt', 'COM¹', 'trailing.', 'a /b', ' ', 'é'.repeat(128)])('takes %j only where keys are no files', (key) =>
    expect([takes(key, 'mlflow'), takes(key, 'files'), takes(key)]).toEqual([true, false, false]),
  )
})

describe('assertBatch', () => {
  it('says which place is wrong', () => {
    const data = { name: 'd', digest: '1', sourceType: 'code', source: '{}' }
    expect(() => assertBatch({ params: { 'a:b': 'x' } })).toThrow(/param key .*a:b/)
    expect(() => assertBatch({ tags: { a: '\ud800' } })).toThrow(/value of tag "a".*surrogate/)
    expect(() => assertBatch({ datasets: [{ ...data, context: 'x'.repeat(501) }] })).toThrow(/context of dataset "d"/)
    expect(() => assertBatch({ datasets: [{ ...data, schema: '\udc00' }] })).toThrow(/schema of dataset "d"/)
    expect(() =>
      assertBatch({ params: { 'a:b': 'x' }, metrics: [{ key: 'c:d', value: 1, step: 0, timestamp: 0 }] }, 'mlflow'),
    ).not.toThrow()
    expect(() => assertRunName('\ud800')).toThrow(/run name/)
  })
})
