import { describe, expect, it } from 'vitest'
import { isMisspelling, nearest } from '../../../src/core/spelling'

describe('isMisspelling', () => {
  it.each([
    ['dep_dealy', 'dep_delay'],
    ['dep_dely', 'dep_delay'],
    ['depDelay', 'dep_delay'],
    ['dep-delay', 'dep_delay'],
    ['DEP DELAY', 'dep_delay'],
    ['depdelya', 'dep_delay'],
    ['flipper_lenght_mm', 'flipper_length_mm'],
    ['bil_lenght_mm', 'bill_length_mm'],
    ['temprature', 'temperature'],
    ['temprture', 'temperature'],
    ['X0', 'X_0'],
    ['wieght', 'weight'],
    ['größe', 'Größe'],
  ])('%s is %s misspelt', (name, known) => expect(isMisspelling(name, known)).toBe(true))

  it.each([
    ['dep_delay', 'dep_delay'],
    ['arr_delay', 'dep_delay'],
    ['lag_1', 'lag_2'],
    ['lag_10', 'lag_1'],
    ['X_3', 'X_0'],
    ['max_temp', 'min_temp'],
    ['temperature_max', 'temperature_min'],
    ['sepal_width', 'petal_width'],
    ['bill_depth_mm', 'bill_length_mm'],
    ['lat', 'lon'],
    ['x', 'y'],
    ['is', 'ir'],
    ['instances', 'X_0'],
    ['', 'a'],
    ['__', '--'],
    ['id', 'island'],
  ])('%s is another name than %s', (name, known) => expect(isMisspelling(name, known)).toBe(false))
})

describe('nearest', () => {
  it('finds the word meant, if any', () => {
    expect(nearest('treshold', ['threshold', 'timeout'])).toBe('threshold')
    expect(nearest('colour', ['threshold', 'timeout'])).toBeUndefined()
  })
})
