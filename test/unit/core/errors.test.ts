import { describe, expect, it } from 'vitest'
import { errorFromJson, isMillwrightError, MillwrightError, missingDependency, SchemaMismatchError, show } from '../../../src/core/errors'
import { fromRows } from '../../../src/dataset'

describe('MillwrightError', () => {
  it('carries code, cause, hint and details through JSON', () => {
    const cause = new Error('inner')
    const error = new MillwrightError('Conflict', 'moved', { details: { key: 'a' }, hint: 'read again', cause })
    expect(error.cause).toBe(cause)
    const back = errorFromJson(JSON.parse(JSON.stringify(error)))
    expect(back).toMatchObject({ code: 'Conflict', message: 'moved', retryable: false, details: { key: 'a' }, hint: 'read again' })
    expect(isMillwrightError(back, 'Conflict')).toBe(true)
    expect(JSON.stringify(back)).not.toContain('inner')
  })

  it('is retryable by code, unless told', () => {
    expect(new MillwrightError('Unavailable', '').retryable).toBe(true)
    expect(new MillwrightError('RateLimited', '').retryable).toBe(true)
    expect(new MillwrightError('Conflict', '').retryable).toBe(false)
    expect(new MillwrightError('Unavailable', '', { retryable: false }).retryable).toBe(false)
  })

  it('keeps the issues of a schema mismatch through JSON', () => {
    const issues = [{ path: ['a', 0], code: 'missing', message: 'a is missing' }]
    const back = errorFromJson(JSON.parse(JSON.stringify(new SchemaMismatchError('bad row', issues)))) as SchemaMismatchError
    expect(back).toBeInstanceOf(SchemaMismatchError)
    expect(back.issues).toEqual(issues)
  })

  it('turns anything else into Internal', () => {
    expect(errorFromJson(null)).toMatchObject({ code: 'Internal', message: 'unknown error' })
    expect(errorFromJson({ message: 'boom' })).toMatchObject({ code: 'Internal', message: 'boom' })
  })

  it('is recognised by its properties, across copies of the module', () => {
    expect(isMillwrightError({ name: 'MillwrightError', code: 'NotFound' }, 'NotFound')).toBe(true)
    expect(isMillwrightError({ name: 'MillwrightError', code: 'NotFound' }, 'Conflict')).toBe(false)
    for (const other of [null, undefined, 'x', new Error('x'), { name: 'MillwrightError' }]) expect(isMillwrightError(other)).toBe(false)
  })

  it('tells how to install what is missing', () => {
    expect(missingDependency('onnxruntime-node', 'onnxRuntime')).toMatchObject({
      code: 'MissingDependency',
      message: "onnxRuntime needs the package 'onnxruntime-node', which is not installed",
      hint: 'npm install onnxruntime-node',
    })
  })
})

describe('show', () => {
  it.each([
    ['a"b', '"a\\"b"'],
    [5, '5'],
    [5n, '5n'],
    [null, 'null'],
    [undefined, 'undefined'],
    [[1, 2], 'an array of 2'],
    [{ a: 1, b: 2 }, 'an object (a, b)'],
    [{}, 'an empty object'],
    [Object.create(null), 'an empty object'],
    [() => 1, 'a function'],
    [Promise.resolve(1), 'a Promise (did you forget `await`?)'],
    // biome-ignore lint/suspicious/noThenProperty: a thenable of another library is as much a forgotten await as a Promise
    [{ then: () => undefined }, 'a Promise (did you forget `await`?)'],
    [new Date(0), 'a Date (1970-01-01T00:00:00.000Z)'],
    [new Date(Number.NaN), 'an invalid Date'],
    [new TypeError('no'), 'an error (no)'],
    [new Map(), 'a Map'],
    [new Float64Array(3), 'a Float64Array of 3'],
    [new ArrayBuffer(3), 'an ArrayBuffer'],
    [fromRows([{ a: 1 }, { a: 2 }]), 'a Dataset (1 columns × 2 rows)'],
    [Symbol('s'), 'Symbol(s)'],
  ])('renders %o', (value, text) => {
    expect(show(value)).toBe(text)
  })

  it('is never long', () => {
    for (const value of ['x'.repeat(1000), Object.fromEntries(Array.from({ length: 9 }, (_, i) => ['k'.repeat(50) + i, 1]))]) {
      expect(show(value).length).toBeLessThanOrEqual(60)
    }
  })
})
