/** Tables and expectations to be judged by Great Expectations and by us: all kinds of expectations, with missing cells, types and conditions. */
import { createRng } from '../../../src/core/random'
import { moreCases, sqlCases, textTable } from './_more_cases'

/** A column as plain data; timestamps are ISO 8601 text. */
export interface CaseColumn {
  readonly name: string
  readonly type: 'float64' | 'int32' | 'boolean' | 'string' | 'timestamp'
  readonly values: readonly (number | boolean | string | null)[]
}

/** One expectation on one table. */
export interface Case {
  readonly table: string
  readonly type: string
  readonly kwargs: Readonly<Record<string, unknown>>
  /** What Great Expectations judges it on. @default 'pandas' */
  readonly engine?: 'sqlite'
}

const rows = 14

function mixedTable(seed: number): CaseColumn[] {
  const rng = createRng(seed)
  const pick = <T>(values: readonly T[], missing = 0): (T | null)[] =>
    Array.from({ length: rows }, () => (rng.next() < missing ? null : (values[Math.floor(rng.next() * values.length)] as T)))
  const days = ['2024-01-01T00:00:00.000Z', '2024-02-29T00:00:00.000Z', '2024-02-29T12:30:00.000Z', '2025-01-01T00:00:00.000Z']
  return [
    { name: 'f', type: 'float64', values: pick([0, 0.5, 1, 1.5, -2.25, 10, 1e6, 0.1], 0.25) },
    { name: 'g', type: 'float64', values: pick([0, 0.5, 1, 1.5, -2.25, 10, 0.2], 0.25) },
    { name: 'i', type: 'int32', values: pick([0, 1, 2, 3, 4, 5, 100]) },
    { name: 'j', type: 'int32', values: pick([0, 1, 2, 3, 4, 5, 100], 0.3) },
    { name: 's', type: 'string', values: pick(['a', 'B', 'ab', 'A1', 'Müller', '李雷', '', 'x y', 'ab\n', '12']) },
    { name: 'u', type: 'string', values: pick(['a', 'B', 'ab', 'A1', 'z9', '1', 'e\u0301'], 0.3) },
    { name: 'b', type: 'boolean', values: pick([true, false]) },
    { name: 'c', type: 'boolean', values: pick([true, false], 0.3) },
    { name: 't', type: 'timestamp', values: pick(days) },
    { name: 'd', type: 'timestamp', values: pick(days, 0.3) },
    { name: 'two words', type: 'int32', values: pick([1, 2, 3]) },
  ]
}

/** A table of up to 30 rows and six columns, drawn by a seed. */
export function randomTable(seed: number): CaseColumn[] {
  const rng = createRng(seed)
  const length = rng.int(31)
  const missing = [0, 0.2, 0.5, 1][rng.int(4)] as number
  const draw = <T>(make: () => T): (T | null)[] => Array.from({ length }, () => (rng.next() < missing ? null : make()))
  const words = ['a', 'B', 'ab', 'A1', 'Müller', '', 'x y', '12', '2024-01-05', '[1]', '10:30']
  return [
    { name: 'f', type: 'float64', values: draw(() => Math.round(rng.next() * 80 - 20) / 4) },
    { name: 'g', type: 'float64', values: draw(() => rng.int(5)) },
    { name: 'i', type: 'int32', values: Array.from({ length }, () => rng.int(6) - 1) },
    { name: 'j', type: 'int32', values: Array.from({ length }, (_, row) => row - rng.int(2)) },
    { name: 's', type: 'string', values: draw(() => words[rng.int(words.length)] as string) },
    { name: 'u', type: 'string', values: Array.from({ length }, () => words[rng.int(3)] as string) },
    { name: 't', type: 'timestamp', values: draw(() => new Date(Date.UTC(2024, rng.int(12), 1 + rng.int(20))).toISOString()) },
  ]
}

/** The tables by name. */
export function caseTables(): Record<string, CaseColumn[]> {
  const mixed = mixedTable(7)
  const texts = textTable(3)
  return {
    texts,
    fewer: textTable(5).map((column) => ({ ...column, values: column.values.slice(3, 12) })),
    mixed,
    other: mixedTable(11),
    missing: mixed.map((column) => ({ ...column, values: column.values.map(() => null) })).filter(({ name }) => 'fjucd'.includes(name)),
    empty: mixed.map((column) => ({ ...column, values: [] })),
    short: mixed.map((column) => ({ ...column, values: column.values.slice(0, 1) })),
  }
}

const columns = ['f', 'i', 'j', 's', 'u', 'b', 'c', 't', 'd']

/** All cases. */
export function allCases(): Case[] {
  const cases: Case[] = []
  const add = (type: string, kwargs: Readonly<Record<string, unknown>>, tables: readonly string[] = ['mixed']): void => {
    for (const table of tables) cases.push({ table, type: `expect_${type}`, kwargs })
  }
  const everywhere = ['mixed', 'other', 'missing', 'empty']
  for (const column of columns) {
    const tables = 'fjucd'.includes(column) ? everywhere : ['mixed', 'other', 'empty']
    for (const mostly of [1, 0.7, 0.65]) add('column_values_to_not_be_null', { column, mostly }, tables.slice(0, mostly === 1 ? 4 : 2))
    add('column_values_to_be_null', { column, mostly: 0.3 }, tables)
    add('column_values_to_be_unique', { column }, tables)
    add('column_values_to_be_unique', { column, mostly: 0.5 }, ['short', 'mixed'])
    add('column_unique_value_count_to_be_between', { column, min_value: 2, max_value: 6 }, tables)
    add('column_proportion_of_unique_values_to_be_between', { column, min_value: 0.2, max_value: 0.6 }, tables)
    add('column_proportion_of_non_null_values_to_be_between', { column, min_value: 0.7 }, tables)
    for (const type of [
      'int',
      'int64',
      'int32',
      'float',
      'float64',
      'str',
      'object',
      'bool',
      'bool_',
      'datetime64',
      'datetime64[ns]',
      'Timestamp',
      'string',
      'INTEGER',
    ])
      add('column_values_to_be_of_type', { column, type_: type })
    add('column_values_to_be_in_type_list', { column, type_list: ['float64', 'str', 'datetime64[ns]'] })
  }
  addSets(add)
  addBounds(add, everywhere)
  addRegexes(add)
  addSeveral(add, everywhere)
  addConditions(add)
  addTables(add)
  addRefused(add)
  return [...cases, ...moreCases(), ...sqlCases().map((item): Case => ({ ...item, engine: 'sqlite' }))]
}

type Add = (type: string, kwargs: Readonly<Record<string, unknown>>, tables?: readonly string[]) => void

function addSets(add: Add): void {
  const sets: readonly (readonly [string, readonly unknown[]])[] = [
    ['f', [0, 0.5, 1, 10]],
    ['f', ['0', '1']],
    ['f', [true]],
    ['f', [true, 0.5]],
    ['i', [true]],
    ['i', [0, 1, 2, 3, 4, 5]],
    ['i', [1, '2']],
    ['i', [true, false]],
    ['i', [1.0, 2.5]],
    ['j', [0, 1, 2, 3, 4, 5, 100]],
    ['s', ['a', 'B', 'ab']],
    ['s', [12, 'a']],
    ['s', []],
    ['u', ['a', '1', 'z9']],
    ['b', [true]],
    ['b', [1]],
    ['b', [0, 1]],
    ['b', ['True']],
    ['c', [true]],
    ['c', [1]],
    ['c', [0, 1]],
    ['t', ['2024-01-01', '2025-01-01']],
    ['d', ['2024-01-01']],
    ['j', [0, 1, null]],
    ['u', ['a', null]],
  ]
  for (const [column, values] of sets) {
    for (const type of [
      'column_values_to_be_in_set',
      'column_values_to_not_be_in_set',
      'column_distinct_values_to_be_in_set',
      'column_distinct_values_to_contain_set',
      'column_distinct_values_to_equal_set',
    ])
      add(type, { column, value_set: values })
  }
  for (const type of ['column_values_to_be_in_set', 'column_values_to_not_be_in_set', 'column_distinct_values_to_be_in_set']) {
    add(type, { column: 's' })
    add(type, { column: 'f', value_set: [1] }, ['missing', 'empty'])
  }
}

function addBounds(add: Add, everywhere: readonly string[]): void {
  for (const column of ['f', 'i', 'j']) {
    add('column_values_to_be_between', { column, min_value: 0, max_value: 5, mostly: 0.8 }, ['mixed', 'other', 'empty'])
    add('column_values_to_be_between', { column, min_value: 1, strict_min: true })
    add('column_values_to_be_between', { column, max_value: 1, strict_max: true })
    add('column_values_to_be_between', { column, min_value: '0' })
    for (const figure of ['mean', 'median', 'sum', 'stdev', 'min', 'max']) {
      const tables = column === 'i' ? ['mixed', 'other', 'empty', 'short'] : [...everywhere, 'short']
      add(`column_${figure}_to_be_between`, { column, min_value: 0, max_value: 50 }, tables)
      add(`column_${figure}_to_be_between`, { column, min_value: 0, strict_min: true, max_value: 5, strict_max: true })
    }
    for (const allow of [undefined, 'nearest', 'linear', 'lower', 'higher', 'midpoint', true])
      add('column_quantile_values_to_be_between', {
        column,
        quantile_ranges: {
          quantiles: [0, 0.1, 0.5, 0.75, 1],
          value_ranges: [
            [0, 2],
            [null, 1],
            [0, 3],
            [1, null],
            [0, 99.999],
          ],
        },
        ...(allow === undefined ? {} : { allow_relative_error: allow }),
      })
  }
  for (const column of ['t', 'd']) {
    add('column_values_to_be_between', { column, min_value: '2024-02-01', max_value: '2024-12-31' })
    add('column_values_to_be_between', { column, min_value: '2024-02-29T12:30:00', strict_min: true })
    add('column_min_to_be_between', { column, min_value: '2024-01-01', max_value: '2024-01-01' }, ['mixed', 'other'])
    add('column_max_to_be_between', { column, max_value: '2024-06-01' }, ['mixed', 'other'])
  }
  for (const column of ['s', 'u']) {
    add('column_values_to_be_between', { column, min_value: 'A', max_value: 'b' })
    add('column_values_to_be_between', { column, min_value: 1 })
    add('column_value_lengths_to_be_between', { column, min_value: 1, max_value: 2 }, ['mixed', 'other'])
    add('column_value_lengths_to_be_between', { column, max_value: 2, strict_max: true, mostly: 0.5 })
    add('column_min_to_be_between', { column, min_value: 'A' })
    add('column_max_to_be_between', { column, max_value: 'z' })
  }
  add('column_values_to_be_between', { column: 'b', min_value: 1 })
  for (const type of ['column_values_to_be_between', 'column_mean_to_be_between', 'column_max_to_be_between']) add(type, { column: 'f' })
  add('column_value_lengths_to_be_between', { column: 's' })
  add('table_row_count_to_be_between', {})
  for (const figure of ['mean', 'sum', 'max']) add(`column_${figure}_to_be_between`, { column: 'b', min_value: 0.5 })
  add('column_mean_to_be_between', { column: 's', min_value: 0 })
}

function addRegexes(add: Add): void {
  const regexes = [
    '^\\w+$',
    '\\A\\S',
    '^[^\\d]+\\Z',
    '\\d\\Z',
    'b$',
    '(?i)^a',
    '(?P<l>[a-z])(?P=l)?',
    '^.{1,2}$',
    '\\bx\\b',
    '^\\s*$',
    '(?x) a b # both',
    '[\\W]',
    '^(?:a|b)?+',
    '(?<!A)\\d',
    '\\u00fc',
  ]
  for (const regex of regexes) {
    for (const column of ['s', 'u']) add('column_values_to_match_regex', { column, regex })
    add('column_values_to_not_match_regex', { column: 's', regex, mostly: 0.5 })
  }
  add('column_values_to_match_regex', { column: 's' })
  add('column_values_to_match_regex', { column: 's', regex: '(' })
}

function addSeveral(add: Add, everywhere: readonly string[]): void {
  for (const ignore of [undefined, 'both_values_are_missing', 'either_value_is_missing', 'neither']) {
    const own = ignore === undefined ? {} : { ignore_row_if: ignore }
    for (const [a, b] of [
      ['f', 'g'],
      ['i', 'j'],
      ['j', 'f'],
      ['s', 'u'],
      ['t', 'd'],
      ['b', 'c'],
      ['i', 'b'],
    ] as const) {
      add('column_pair_values_to_be_equal', { column_A: a, column_B: b, ...own }, ['mixed', 'other'])
      add('column_pair_values_a_to_be_greater_than_b', { column_A: a, column_B: b, mostly: 0.4, ...own })
      add('column_pair_values_a_to_be_greater_than_b', { column_A: a, column_B: b, or_equal: true, ...own })
    }
    add('column_pair_values_to_be_equal', { column_A: 'f', column_B: 'j', ...own }, ['missing'])
    add('column_pair_values_to_be_equal', { column_A: 's', column_B: 'i', ...own })
  }
  for (const ignore of [undefined, 'all_values_are_missing', 'any_value_is_missing', 'never']) {
    const own = ignore === undefined ? {} : { ignore_row_if: ignore }
    for (const names of [
      ['f', 'j'],
      ['j', 'c'],
      ['s', 'b'],
      ['u', 'd'],
      ['i', 'two words', 'b'],
    ]) {
      add('compound_columns_to_be_unique', { column_list: names, ...own }, ['mixed', 'other'])
      add('compound_columns_to_be_unique', { column_list: names, mostly: 0.6, ...own })
    }
    for (const names of [
      ['f', 'g'],
      ['i', 'j'],
      ['i', 'b'],
      ['i', 'two words'],
    ])
      add('multicolumn_sum_to_equal', { column_list: names, sum_total: 3, mostly: 0.1, ...own }, ['mixed', 'other'])
    add('compound_columns_to_be_unique', { column_list: ['f', 'j'], ...own }, ['missing', 'empty'])
    add('multicolumn_sum_to_equal', { column_list: ['f', 'j'], sum_total: 0, ...own }, everywhere)
  }
}

function addConditions(add: Add): void {
  const pandas = [
    'i > 2',
    'i == 1 or i == 2',
    '1 <= i < 4',
    'not (i > 2)',
    'f.isnull()',
    'f.notnull() & i != 0',
    'f != 1',
    'f == f',
    's == "a"',
    "s != 'a'",
    'u == "a"',
    'u != "a"',
    'u in ["a", "B"]',
    'u not in ["a", "B"]',
    's == ["a", "B"]',
    'i in [1, 2]',
    'u.isin(["a"])',
    'b',
    'not b',
    '~b',
    'b == True',
    'c == True',
    'c != True',
    '`two words` == 2',
    't > "2024-02-01"',
    't == "2024-01-01"',
    'd != "2024-01-01"',
    'd >= "2024-02-29T12:30:00"',
    'i > j',
    'f == g',
    'i == -1',
    'i != 1e2',
    'i == "1"',
    's == 1',
    '~(i > 2) & ~f.isna()',
    '(i > 2) == True',
    'i + 1 > 2',
    's.str.contains("a")',
    'i > @x',
    'nope == 1',
    'i >',
    '',
    'i == 1 and',
    'f > 0 or u == "a" and b',
  ]
  for (const condition of pandas) add('column_values_to_not_be_null', { column: 'j', row_condition: condition, condition_parser: 'pandas' })
  const own = [
    'col("i") == 1',
    'col("i") > 2',
    'col("s") == "a"',
    'col("f").notNull()',
    'col("u") != "a"',
    'col("u") == \'a\'',
    'col("two words") <= 2',
    'i == 1',
  ]
  for (const condition of own)
    add('column_values_to_not_be_null', { column: 'j', row_condition: condition, condition_parser: 'great_expectations' })
  const is = (name: string, operator: string, parameter: unknown) => ({ type: 'comparison', column: { name }, operator, parameter })
  const missing = { type: 'nullity', column: { name: 'f' }, is_null: true }
  const objects = [
    is('i', '>', 2),
    is('s', '==', 'a'),
    is('u', '!=', 'a'),
    is('u', 'IN', ['a', 'B']),
    is('u', 'NOT_IN', ['a']),
    is('i', 'NOT_IN', [1, 2]),
    is('two words', '<=', 2),
    is('t', '>=', '2024-02-29T12:30:00'),
    missing,
    { ...missing, is_null: false },
    { type: 'and', conditions: [is('i', '>', 1), missing] },
    { type: 'or', conditions: [is('i', '>', 3), { type: 'and', conditions: [is('b', '==', true), missing] }] },
    { type: 'pass_through', pass_through_filter: 'i > 2' },
    is('s', '==', 'x "y"'),
  ]
  for (const condition of objects) add('column_values_to_not_be_null', { column: 'j', row_condition: condition })
  const few = { row_condition: 'i > 2', condition_parser: 'pandas' }
  add('column_mean_to_be_between', { column: 'f', min_value: 0, max_value: 3, ...few }, ['mixed', 'other', 'empty'])
  add('column_values_to_be_unique', { column: 's', ...few }, ['mixed', 'other'])
  add('column_values_to_be_between', { column: 'f', min_value: 0, mostly: 0.5, row_condition: 'i > 1000', condition_parser: 'pandas' })
  add('column_distinct_values_to_be_in_set', { column: 's', value_set: ['a', 'B'], ...few })
  add('table_row_count_to_equal', { value: 6, ...few }, ['mixed', 'other'])
  add('table_row_count_to_be_between', { min_value: 3, max_value: 8, ...few }, ['mixed', 'other'])
  add('column_pair_values_to_be_equal', { column_A: 'f', column_B: 'g', ...few })
  add('compound_columns_to_be_unique', { column_list: ['b', 'c'], ...few })
  add('multicolumn_sum_to_equal', { column_list: ['i', 'j'], sum_total: 5, ...few })
  add('column_quantile_values_to_be_between', { column: 'i', quantile_ranges: { quantiles: [0.5], value_ranges: [[1, 4]] }, ...few })
  add('column_values_to_be_of_type', { column: 'i', type_: 'int64', ...few })
}

function addTables(add: Add): void {
  const names = ['f', 'g', 'i', 'j', 's', 'u', 'b', 'c', 't', 'd', 'two words']
  add('column_to_exist', { column: 'f' })
  add('column_to_exist', { column: 'f', column_index: 1 })
  add('column_to_exist', { column: 'x' })
  for (const value of [14, 13, '14', 14.0]) add('table_row_count_to_equal', { value }, ['mixed'])
  add('table_row_count_to_be_between', { min_value: 14, strict_min: true })
  add('table_row_count_to_be_between', { max_value: 14 }, ['mixed', 'empty'])
  add('table_column_count_to_equal', { value: 11 })
  add('table_column_count_to_be_between', { min_value: 1, max_value: 10 })
  for (const exact of [undefined, true, false]) {
    const own = exact === undefined ? {} : { exact_match: exact }
    for (const set of [names, names.slice(1), [...names, 'x']]) add('table_columns_to_match_set', { column_set: set, ...own })
  }
  add('table_columns_to_match_ordered_list', { column_list: names })
  add('table_columns_to_match_ordered_list', { column_list: [...names].reverse() })
}

function addRefused(add: Add): void {
  for (const extra of [
    { parse_strings_as_datetimes: true },
    { mostl: 0.5 },
    { strict_mn: true },
    { condition_parser: 'python', row_condition: 'i > 2' },
    { mostly: 1.5 },
    { mostly: '0.5' },
    { severity: 'critical', typo: 1 },
  ])
    add('column_values_to_be_between', { column: 'f', min_value: 0, ...extra })
  add('table_column_count_to_be_between', { min_value: 1, strict_min: true })
  add('column_pair_values_to_be_equal', { column_A: 'f', column_B: 'g', ignore_row_if: 'never' })
  add('compound_columns_to_be_unique', { column_list: ['f', 'g'], ignore_row_if: 'neither' })
}
