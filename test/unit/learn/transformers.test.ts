import { describe, expect, it } from 'vitest'
import {
  dropColumns,
  oneHotEncoder,
  ordinalEncoder,
  restoreTransformer,
  selectColumns,
  simpleImputer,
  standardScaler,
  type Transformer,
} from '../../../src/learn/index'
import { columnFrom, toFloat64 } from '../../../src/schema/column'
import { rowsOf, type Table, tableOf } from '../../../src/schema/table'
import golden from '../../golden/learn.json'
import { mixedTable, tableFrom } from './data'

const raw = tableOf(golden.columns.map((cells, i) => columnFrom(`x${i}`, 'float64', cells)))

function expectColumns(table: Table, expected: readonly (readonly (number | null)[])[], relative: number): void {
  expected.forEach((cells, i) => {
    const got = toFloat64(table.column(table.columnNames[i] as string))
    cells.forEach((want, row) => {
      expect(Math.abs((got[row] as number) - (want as number))).toBeLessThanOrEqual(relative * Math.max(1, Math.abs(want as number)))
    })
  })
}

describe('against scikit-learn', () => {
  it.each(['mean', 'median', 'mostFrequent'] as const)('simpleImputer by %s', (strategy) => {
    expectColumns(simpleImputer({ strategy }).fit(raw).transform(raw), golden.imputer[strategy], 1e-14)
  })

  it('standardScaler', () => {
    const filled = simpleImputer().fit(raw).transform(raw)
    const fitted = standardScaler().fit(filled)
    const { columns } = fitted.state() as unknown as { columns: { mean: number; scale: number }[] }
    columns.forEach(({ mean, scale }, i) => {
      expect(mean / (golden.scaler.mean[i] as number)).toBeCloseTo(1, 12)
      expect(scale / (golden.scaler.scale[i] as number)).toBeCloseTo(1, 10)
    })
    // The third column is a million ± 3, so six digits of the mean are lost in x − mean.
    expectColumns(fitted.transform(filled), golden.scaler.columns, 1e-9)
  })

  it('oneHotEncoder and ordinalEncoder', () => {
    const table = tableOf([columnFrom('word', 'string', golden.words)])
    const encoded = oneHotEncoder().fit(table).transform(table)
    expect(encoded.columnNames).toEqual(golden.oneHot.categories.map((category) => `word_${category}`))
    expectColumns(encoded, golden.oneHot.columns, 0)
    expectColumns(ordinalEncoder().fit(table).transform(table), [golden.ordinal], 0)
  })
})

describe('simpleImputer', () => {
  const table = tableFrom({
    n: [1, 2, null, 2],
    word: ['b', null, 'a', 'a'],
    flag: [true, null, true, false],
    half: [0.5, null, null, 1.5],
    y: [1, null, 0, 1],
  })

  it('fills numbers by strategy, text and booleans by most frequent, and leaves the target alone', () => {
    const filled = simpleImputer().fit(table, { target: 'y' }).transform(table)
    expect(filled.column('n').type).toBe('float64')
    expect(filled.column('n').at(2)).toBeCloseTo(5 / 3, 15)
    expect(filled.column('word').at(1)).toBe('a')
    expect(filled.column('flag').at(1)).toBe(true)
    expect(filled.column('y').nullCount).toBe(1)
    expect(table.column('n').nullCount).toBe(1)
  })

  it('keeps integers where the filling is whole', () => {
    expect(simpleImputer({ strategy: 'median' }).fit(table).transform(table).column('n').type).toBe('int32')
  })

  it('adds indicators for columns that had gaps', () => {
    const fitted = simpleImputer({ addIndicator: true, columns: ['n', 'word'] }).fit(table)
    const filled = fitted.transform(tableFrom({ n: [null, 3], word: ['zzz', null] }))
    expect(rowsOf(filled)).toEqual([
      { n: 5 / 3, word: 'zzz', missingindicator_n: true, missingindicator_word: false },
      { n: 3, word: 'a', missingindicator_n: false, missingindicator_word: true },
    ])
    expect(fitted.sourcesOf(['missingindicator_n', 'word'])).toEqual(['n', 'word'])
  })

  it('fills with constants of the right kind', () => {
    const fill = (fillValue?: number | string) => rowsOf(simpleImputer({ strategy: 'constant', fillValue }).fit(table).transform(table))[1]
    expect(fill(-1)).toMatchObject({ word: 'missing', half: -1, flag: false })
    expect(fill('?')).toMatchObject({ word: '?', half: 0 })
    expect(() => simpleImputer({ fillValue: 3 })).toThrow(/goes with strategy 'constant', not "mean"/)
    expect(() => simpleImputer({ strategy: 'constant', fillValue: Number.NaN })).toThrow(/finite number, text or boolean, got NaN/)
  })

  it('a column without any value gets 0 or "missing"', () => {
    const empty = tableOf([columnFrom('a', 'float64', [null, null]), columnFrom('b', 'string', [null, null])])
    expect(rowsOf(simpleImputer().fit(empty).transform(empty))[0]).toEqual({ a: 0, b: 'missing' })
  })

  it('says what is wrong with a table it did not learn', () => {
    const fitted = simpleImputer().fit(table)
    expect(() => fitted.transform(tableFrom({ n: [1] }))).toThrow(/simpleImputer learned a column "word", which the table lacks/)
    expect(() => simpleImputer({ columns: ['m'] }).fit(table)).toThrow(/no column "m"; there are "n"/)
  })
})

describe('standardScaler', () => {
  it('leaves constant columns, gaps, booleans and text', () => {
    const table = tableFrom({ c: [5, 5, 5], g: [1, null, 3], flag: [true, false, true], word: ['a', 'b', 'c'] })
    expect(rowsOf(standardScaler().fit(table).transform(table))).toEqual([
      { c: 0, g: -1, flag: true, word: 'a' },
      { c: 0, g: null, flag: false, word: 'b' },
      { c: 0, g: 1, flag: true, word: 'c' },
    ])
  })

  it('a constant of many digits stays constant', () => {
    const cells = new Array(1000).fill(0.1 + 0.2)
    const scaled = standardScaler()
      .fit(tableFrom({ c: cells }))
      .transform(tableFrom({ c: cells }))
    expect(Math.max(...toFloat64(scaled.column('c')).map(Math.abs))).toBeLessThan(1e-12)
  })
})

describe('oneHotEncoder', () => {
  const table = tableFrom({ word: ['b', 'a', null, 'b', 'c'], n: [1, 2, 3, 1, 2] })

  it('gives zeros for missing and unknown cells, in the place of the column', () => {
    const encoded = oneHotEncoder()
      .fit(table)
      .transform(tableFrom({ word: ['a', null, 'new'], n: [7, 8, 9] }))
    expect(encoded.columnNames).toEqual(['word_a', 'word_b', 'word_c', 'n'])
    expect(rowsOf(encoded).map((row) => [row.word_a, row.word_b, row.word_c])).toEqual([
      [true, false, false],
      [false, false, false],
      [false, false, false],
    ])
  })

  it('can refuse unknown cells, drop the first category, and keep only frequent ones', () => {
    const strict = oneHotEncoder({ handleUnknown: 'error', drop: 'first' }).fit(table)
    expect(strict.transform(table).columnNames).toEqual(['word_b', 'word_c', 'n'])
    expect(() => strict.transform(tableFrom({ word: ['a', 'd'] }))).toThrow(/"word" of row 1 is "d", which training did not have/)
    expect(oneHotEncoder({ maxCategories: 2 }).fit(table).transform(table).columnNames).toEqual(['word_b', 'word_infrequent_sklearn', 'n'])
    expect(oneHotEncoder({ maxCategories: 1 }).fit(table).transform(table).columnNames).toEqual(['word_infrequent_sklearn', 'n'])
  })

  it('encodes named number columns', () => {
    expect(
      oneHotEncoder({ columns: ['n'] })
        .fit(table)
        .transform(table).columnNames,
    ).toEqual(['word', 'n_1', 'n_2', 'n_3'])
  })

  it('refuses a column of ids', () => {
    const ids = tableFrom({ id: Array.from({ length: 1001 }, (_, i) => `id-${i}`) })
    expect(() => oneHotEncoder().fit(ids)).toThrow(/"id" has 1001 categories, more than 1000/)
    expect(oneHotEncoder({ maxCategories: 5 }).fit(ids).transform(ids).columnNames).toHaveLength(5)
  })
})

describe('selectColumns and dropColumns', () => {
  const table = tableFrom({ a: [1], b: [2], y: [0] })
  it('keep or drop, never the target', () => {
    expect(selectColumns(['b']).fit(table, { target: 'y' }).transform(table).columnNames).toEqual(['b', 'y'])
    expect(dropColumns(['b']).fit(table, { target: 'y' }).transform(table).columnNames).toEqual(['a', 'y'])
    expect(() => dropColumns(['c']).fit(table)).toThrow(/no column "c"/)
    expect(() => selectColumns([])).toThrow(/takes a list of column names/)
  })
})

describe('state', () => {
  const table = mixedTable(60, 1)
  const steps: readonly [string, Transformer][] = [
    ['simpleImputer', simpleImputer({ addIndicator: true })],
    ['standardScaler', standardScaler()],
    ['oneHotEncoder', oneHotEncoder({ drop: 'first' })],
    ['ordinalEncoder', ordinalEncoder()],
    ['selectColumns', selectColumns(['a', 'word'])],
    ['dropColumns', dropColumns(['a'])],
  ]
  it.each(steps)('%s comes back from JSON', (_, step) => {
    const fitted = step.fit(table, { target: 'label' })
    const again = restoreTransformer(JSON.parse(JSON.stringify(fitted.state())))
    expect(rowsOf(again.transform(table))).toEqual(rowsOf(fitted.transform(table)))
  })

  it('a damaged state is Corrupt', () => {
    for (const state of [
      { kind: 'unknown' },
      { kind: 'simpleImputer' },
      { kind: 'simpleImputer', columns: [{ name: 'a', kind: 'numbers', fill: 'x' }] },
      { kind: 'standardScaler', columns: [{ name: 'a', mean: 'x', scale: 1 }] },
      { kind: 'oneHotEncoder', handleUnknown: 'ignore', columns: [{ name: 'a' }] },
      { kind: 'ordinalEncoder', columns: [] },
      { kind: 'selectColumns', names: [1] },
    ]) {
      expect(() => restoreTransformer(state)).toThrow(expect.objectContaining({ code: 'Corrupt' }))
    }
  })

  it('options are checked', () => {
    expect(() => simpleImputer({ strategy: 'average' as never })).toThrow(/`strategy` of simpleImputer must be one of "mean"/)
    expect(() => standardScaler({ with_mean: true } as never)).toThrow(/`with_mean` is not an option of standardScaler/)
  })
})
