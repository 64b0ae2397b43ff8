import { describe, expect, it } from 'vitest'
import { labelOrThrow, readLabel } from '../../../src/schema/label'

describe('readLabel', () => {
  it.each([true, 1, 'true', 'True', 'TRUE', '1', '1.0', 1n])(
    '%s is true of a model that says booleans, 1 of one that says 0 and 1',
    (value) => {
      expect(readLabel(value, [false, true])).toBe(true)
      expect(readLabel(value, [0, 1])).toBe(1)
    },
  )

  it.each([
    ['0.0', [false, true], false],
    ['10', [9, 10], 10],
    [10n, [9, 10], 10],
    [7, [9, 10], 7],
    [1, ['0', '1'], '1'],
    ['1.0', ['0', '1'], '1'],
    [true, ['0', '1'], '1'],
    [true, ['False', 'True'], 'True'],
    ['true', ['False', 'True'], 'True'],
    [2, ['0', '1'], '2'],
    ['maybe', ['no', 'yes'], 'maybe'],
    ['1.0', ['1', '1.00'], '1.0'],
    ['x', [], 'x'],
  ] as const)('%s with classes %j is %s', (value, classes, label) => {
    expect(readLabel(value, classes)).toBe(label)
  })

  it.each([null, undefined, Number.NaN, '', '  '])('%j is no label, never zero', (value) => {
    for (const classes of [[false, true], [0, 1], ['no', 'yes'], [12.5]]) expect(readLabel(value, classes)).toBeNull()
  })

  it('an empty class is a class', () => {
    expect(readLabel('', ['', 'a'])).toBe('')
  })

  it.each([
    [2, [false, true]],
    ['yes', [false, true]],
    ['yes', [0, 1]],
    [true, [9, 10]],
    [true, [12.5]],
    [1, ['no', 'yes']],
    [false, ['no', 'yes']],
    [{}, ['no', 'yes']],
  ] as const)('%s fits none of %j', (value, classes) => {
    expect(readLabel(value, classes)).toBeUndefined()
    expect(() => labelOrThrow(value, classes, 'evaluate: row 3 of "late"')).toThrow(
      expect.objectContaining({
        code: 'InvalidArgument',
        message: expect.stringMatching(/^evaluate: row 3 of "late": a label must be of the type/),
      }),
    )
  })
})
