import { describe, expect, it } from 'vitest'
import {
  anything,
  arrayOf,
  checkOptions,
  either,
  finiteNumber,
  nonEmptyString,
  ofType,
  oneOf,
  wholeNumber,
} from '../../../src/core/options'

const rules = {
  delta: finiteNumber(0),
  count: wholeNumber(1, 10),
  below: finiteNumber(undefined, 5),
  mode: oneOf('a', 'b', null),
  name: nonEmptyString(),
  call: ofType('function'),
  settings: ofType('object'),
  names: arrayOf(nonEmptyString()),
  mixed: either(wholeNumber(), ofType('boolean')),
  any: anything(),
}
const check =
  (options: unknown): (() => void) =>
  () =>
    checkOptions('pageHinkley', options, rules)

describe('checkOptions', () => {
  it('takes what the rules allow; undefined means default', () => {
    expect(check(undefined)).not.toThrow()
    expect(check({})).not.toThrow()
    expect(
      check({
        delta: 0,
        count: 10,
        below: -3,
        mode: null,
        name: 'x',
        call: () => 1,
        settings: {},
        names: [],
        mixed: true,
        any: Symbol('x'),
      }),
    ).not.toThrow()
    expect(check({ delta: undefined, mixed: undefined })).not.toThrow()
  })

  it.each([
    [{ delta: -1 }, '`delta` of pageHinkley must be a finite number ≥ 0, got -1'],
    [{ delta: Number.NaN }, '`delta` of pageHinkley must be a finite number ≥ 0, got NaN'],
    [{ delta: '1' }, '`delta` of pageHinkley must be a finite number ≥ 0, got "1"'],
    [{ count: 1.5 }, '`count` of pageHinkley must be a whole number from 1 to 10, got 1.5'],
    [{ count: 11 }, '`count` of pageHinkley must be a whole number from 1 to 10, got 11'],
    [{ below: 6 }, '`below` of pageHinkley must be a finite number ≤ 5, got 6'],
    [{ mode: 'c' }, '`mode` of pageHinkley must be one of "a", "b", null, got "c"'],
    [{ name: '' }, '`name` of pageHinkley must be a non-empty string, got ""'],
    [{ call: 1 }, '`call` of pageHinkley must be a function, got 1'],
    [{ settings: null }, '`settings` of pageHinkley must be an object, got null'],
    [{ names: ['a', ''] }, '`names` of pageHinkley must be an array, each item a non-empty string, got an array of 2'],
    [{ mixed: 'x' }, '`mixed` of pageHinkley must be a whole number or a boolean, got "x"'],
    [{ detla: 1 }, '`detla` is not an option of pageHinkley; it has delta, count'],
    [{ toString: 1 }, '`toString` is not an option of pageHinkley'],
    [null, 'the options of pageHinkley must be an object, got null'],
    [[1], 'the options of pageHinkley must be an object, got an array of 1'],
    ['x', 'the options of pageHinkley must be an object, got "x"'],
  ])('refuses %j', (options, message) => {
    expect(check(options)).toThrow(message)
  })

  it('says so when there are no options at all', () => {
    expect(() => checkOptions('f', { a: 1 }, {})).toThrow('`a` is not an option of f; it has none')
  })
})

describe('a forgotten await', () => {
  it('is told wherever options or an object are expected', () => {
    const promise = Promise.resolve({ a: 1 })
    expect(() => checkOptions('register', promise, {})).toThrow(
      'the options of register must be an object, got a Promise (did you forget `await`?)',
    )
    expect(() => checkOptions('register', { metrics: promise }, { metrics: ofType('object') })).toThrow(
      '`metrics` of register must be an object, got a Promise (did you forget `await`?)',
    )
  })
})
