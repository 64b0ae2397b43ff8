import { describe, expect, it } from 'vitest'
import { folds, fromColumns, split, take, withColumn } from '../../../src/dataset'

const data = fromColumns({
  id: Int32Array.from({ length: 100 }, (_, i) => i),
  label: Array.from({ length: 100 }, (_, i) => (i % 10 === 0 ? 'rare' : i % 3 === 0 ? 'b' : 'a')),
})
const ids = (part: { toRecords(): Record<string, unknown>[] }) => part.toRecords().map(({ id }) => id as number)

describe('split', () => {
  it('gives disjoint parts that are the whole, the same for the same seed', () => {
    const { train, validation, test } = split(data, { test: 0.2, validation: 0.1, seed: 7 })
    expect([train.numRows, validation.numRows, test.numRows]).toEqual([70, 10, 20])
    expect([...ids(train), ...ids(validation), ...ids(test)].sort((a, b) => a - b)).toEqual(ids(data))
    expect(ids(split(data, { test: 0.2, validation: 0.1, seed: 7 }).test)).toEqual(ids(test))
    expect(ids(split(data, { test: 0.2, validation: 0.1, seed: 8 }).test)).not.toEqual(ids(test))
    expect(ids(train)).toEqual(ids(train).sort((a, b) => a - b))
    expect('validation' in split(data, { test: 5 })).toBe(false)
  })

  it('keeps shares when stratified', () => {
    const { train, test } = split(data, { test: 0.2, stratifyBy: 'label', seed: 3 })
    const rare = (part: typeof test) => part.toRecords().filter(({ label }) => label === 'rare').length
    expect([rare(train), rare(test)]).toEqual([8, 2])
    expect(test.numRows).toBe(20)
  })

  it('puts the newest last by time', () => {
    const timed = withColumn(data, 'time', (_, i) => new Date(((i * 37) % 100) * 1000))
    const { train, test } = split(timed, { test: 0.25, timeColumn: 'time' })
    const times = (part: typeof test) => part.toRecords().map(({ time }) => time as number)
    expect(Math.max(...times(train))).toBeLessThan(Math.min(...times(test)))
    expect(test.numRows).toBe(25)
    expect(() =>
      split(
        withColumn(data, 't', (_, i) => (i === 3 ? null : i)),
        { test: 5, timeColumn: 't' },
      ),
    ).toThrow('no missing cells, it has 1')
  })

  it('takes the last rows without shuffling', () => {
    expect(ids(split(data, { test: 3, shuffle: false }).test)).toEqual([97, 98, 99])
  })

  it('refuses what leaves nothing', () => {
    expect(() => split(data, { test: 100 })).toThrow('split would leave nothing to train on: 100 rows for testing of 100')
    expect(() => split(data, { test: 0 })).toThrow('greater than 0')
    expect(() => split(data, { test: 1.5 })).toThrow('a share below 1 or a whole number')
    expect(() => split(data, { test: 0.2, stratifyBy: 'label', timeColumn: 'id' })).toThrow('exclude each other')
    expect(() => split(data, { test: 0.2, stratify: 'label' } as never)).toThrow('is not an option of split')
  })
})

describe('folds', () => {
  it('tests every row once', () => {
    for (const options of [{}, { stratifyBy: 'label' as const }, { shuffle: false }]) {
      const parts = folds(data, { folds: 7, seed: 1, ...options })
      expect(parts.flatMap(({ test }) => [...test]).sort((a, b) => a - b)).toEqual(ids(data))
      for (const { train, test } of parts) {
        expect(train.length + test.length).toBe(100)
        expect([14, 15]).toContain(test.length)
      }
    }
  })

  it('never learns from the future by time', () => {
    const timed = withColumn(data, 'time', (_, i) => 1000 - i)
    for (const { train, test } of folds(timed, { folds: 4, timeColumn: 'time' })) {
      const times = (rows: Int32Array) =>
        take(timed, rows)
          .toRecords()
          .map(({ time }) => time as number)
      expect(Math.max(...times(train))).toBeLessThan(Math.min(...times(test)))
      expect(test.length).toBe(20)
    }
  })

  it('takes a number of rows', () => {
    expect(folds(10, { folds: 5 }).length).toBe(5)
    expect(() => folds(3, { folds: 5 })).toThrow('5 folds need at least 5 rows, got 3')
    expect(() => folds(10, { stratifyBy: 'x' })).toThrow('need a table')
  })
})
