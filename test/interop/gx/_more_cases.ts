/** More expectations to be judged by Great Expectations and by us: text, JSON, times, order, distances, distributions, several columns. */
import { createRng } from '../../../src/core/random'
import type { Case, CaseColumn } from './_cases'

const rows = 16

/** A table of text: JSON, times, codes; and of numbers in order. */
export function textTable(seed: number): CaseColumn[] {
  const rng = createRng(seed)
  const pick = <T>(values: readonly T[], missing = 0): (T | null)[] =>
    Array.from({ length: rows }, () => (rng.next() < missing ? null : (values[Math.floor(rng.next() * values.length)] as T)))
  const json = ['{"a": 1}', '{"a": "x"}', '[1, 2]', '3', '"s"', 'null', 'true', '{"a": 1, "b": {"format": "date"}}', '{"a": 1.0}']
  const broken = [
    '{a: 1}',
    '',
    '{"a": 1,}',
    "{'a': 1}",
    'NaN',
    '[Infinity, -Infinity]',
    '"NaN',
    '{"a": NaN}',
    '1e400',
    '\u00a01',
    '01',
    '"\n"',
  ]
  const times = [
    '2024-02-29',
    '2023-02-29',
    '2024-1-5',
    '24-01-05',
    '2024-13-01',
    ' 2024-01-05',
    '2024-01-05 ',
    '05 Jan 2024',
    '05 January 2024',
  ]
  const clocks = ['23:59:60', '12:30 PM', '0:5:9', '24:00:00', '12:30:00.5', '12:30:00 +0900', '12:30:00+09:00', '12:30:00 Z', '13:00 pm']
  const codes = ['A1', 'a1', 'A%', 'A_', 'B12', '', 'A\n1', 'Äx', '李雷', 'A\\1', 'AB', 'A!%']
  const whole = Array.from({ length: rows }, (_, i) => i)
  return [
    { name: 'json', type: 'string', values: pick(json, 0.2) },
    { name: 'maybe', type: 'string', values: [...broken, ...json].slice(0, rows) },
    { name: 'date', type: 'string', values: pick(times, 0.1) },
    { name: 'clock', type: 'string', values: pick(clocks, 0.1) },
    { name: 'code', type: 'string', values: pick(codes, 0.15) },
    { name: 'label', type: 'string', values: pick(['x', 'y', 'z'], 0.2) },
    { name: 'again', type: 'string', values: pick(['x', 'y', 'z'], 0.2) },
    { name: 'up', type: 'int32', values: whole },
    { name: 'steps', type: 'int32', values: whole.map((i) => (i >> 1) + (i === 9 ? -3 : 0)) },
    { name: 'down', type: 'float64', values: whole.map((i) => (i % 5 === 3 ? null : 20 - i / 2)) },
    { name: 'far', type: 'float64', values: whole.map((i) => (i === 7 ? 1000 : i % 6 === 5 ? null : (i % 4) + 0.5)) },
    { name: 'same', type: 'float64', values: whole.map(() => 2.5) },
    {
      name: 'when',
      type: 'timestamp',
      values: whole.map((i) => (i === 4 ? null : new Date(Date.UTC(2024, 0, i === 8 ? 1 : i + 1)).toISOString())),
    },
    { name: 'flag', type: 'boolean', values: pick([true, false]) },
    { name: 'near', type: 'int32', values: whole.map((i) => (i % 3 === 0 ? i : i + 1)) },
  ]
}

/** Cases on the tables `texts`, `fewer`, `mixed`, `missing`, `empty` and `short`. */
export function moreCases(): Case[] {
  const cases: Case[] = []
  const add: Add = (type, kwargs, tables = ['texts']) => {
    for (const table of tables) cases.push({ table, type: `expect_${type}`, kwargs })
  }
  addPatterns(add)
  addJson(add)
  addTimes(add)
  addSequences(add)
  addDistributions(add)
  addSets(add)
  addColumns(add)
  return cases
}

type Add = (type: string, kwargs: Readonly<Record<string, unknown>>, tables?: readonly string[]) => void

function addPatterns(add: Add): void {
  for (const column of ['code', 'label']) {
    for (const list of [['^A', 'x'], ['\\d$'], ['^[A-Z]', '1$'], ['(?i)^a', '^$', 'B']]) {
      for (const match of [undefined, 'any', 'all']) {
        const own = match === undefined ? {} : { match_on: match }
        add('column_values_to_match_regex_list', { column, regex_list: list, mostly: 0.5, ...own })
      }
      add('column_values_to_not_match_regex_list', { column, regex_list: list })
    }
    for (const value of [0, 1, 2, 2.5]) add('column_value_lengths_to_equal', { column, value, mostly: 0.4 }, ['texts', 'fewer'])
  }
  add('column_values_to_match_regex_list', { column: 'code', regex_list: [] })
  add('column_values_to_match_regex_list', { column: 'code', regex_list: ['a'], match_on: 'some' })
  add('column_value_lengths_to_equal', { column: 'code' })
}

function addJson(add: Add): void {
  for (const column of ['json', 'maybe', 'up', 'code'])
    add('column_values_to_be_json_parseable', { column, mostly: 0.5 }, ['texts', 'fewer'])
  const schemas = [
    {},
    { type: 'object', required: ['a'] },
    { type: 'object', properties: { a: { type: 'integer' } } },
    { type: ['array', 'object'], minItems: 3 },
    { enum: [3, 's', null] },
    { properties: { b: { properties: { format: { type: 'string', format: 'ipv4' } } } } },
    { not: { type: 'object' } },
    JSON.parse('{"$schema":"http://json-schema.org/draft-07/schema#","if":{"type":"object"},"then":{"maxProperties":1}}'),
    {
      $ref: '#/$defs/n',
      $defs: {
        n: {
          anyOf: [
            { type: 'number', minimum: 3 },
            { type: 'array', contains: { const: 2 } },
          ],
        },
      },
    },
    { type: 'nonsense' },
  ]
  for (const schema of schemas)
    add('column_values_to_match_json_schema', { column: 'json', json_schema: schema, mostly: 0.3 }, ['texts', 'fewer'])
  add('column_values_to_match_json_schema', { column: 'maybe', json_schema: {} })
}

function addTimes(add: Add): void {
  const formats = ['%Y-%m-%d', '%y-%m-%d', '%d %b %Y', '%d %B %Y', ' %Y-%m-%d', '%Y-%m-%d ', '%Y-%j', '%m/%d/%Y', '%x']
  for (const strftime of formats)
    add('column_values_to_match_strftime_format', { column: 'date', strftime_format: strftime, mostly: 0.2 }, ['texts', 'fewer'])
  const clocks = ['%H:%M:%S', '%I:%M %p', '%H:%M:%S.%f', '%H:%M:%S %z', '%H:%M:%S%z', '%X', '%H:%M %p', '%%', '%H:%M:%S %Z']
  for (const strftime of clocks)
    add('column_values_to_match_strftime_format', { column: 'clock', strftime_format: strftime, mostly: 0.1 }, ['texts', 'fewer'])
  add('column_values_to_match_strftime_format', { column: 'up', strftime_format: '%Y' })
}

function addSequences(add: Add): void {
  for (const column of ['up', 'steps', 'down', 'far', 'same', 'when', 'flag']) {
    for (const strictly of [undefined, false, true]) {
      const own = strictly === undefined ? {} : { strictly }
      for (const type of ['increasing', 'decreasing'])
        add(`column_values_to_be_${type}`, { column, mostly: 0.8, ...own }, ['texts', 'fewer'])
    }
    for (const sided of [true, false])
      for (const threshold of [0.5, 1, 3])
        add('column_value_z_scores_to_be_less_than', { column, threshold, double_sided: sided, mostly: 0.7 })
    for (const method of [undefined, 'iqr', 'std']) {
      for (const multiplier of [undefined, 0, 1, 3]) {
        const own = { ...(method === undefined ? {} : { method }), ...(multiplier === undefined ? {} : { multiplier }) }
        add('column_values_to_not_be_outliers', { column, mostly: 0.9, ...own })
      }
    }
  }
  add('column_values_to_be_increasing', { column: 'code' })
  add('column_values_to_not_be_outliers', { column: 'code' })
  for (const type of ['column_values_to_be_increasing', 'column_values_to_not_be_outliers'])
    add(type, { column: 'f' }, ['missing', 'empty', 'short'])
  add('column_value_z_scores_to_be_less_than', { column: 'f', threshold: 1, double_sided: true }, ['missing', 'empty', 'short', 'mixed'])
  add('column_value_z_scores_to_be_less_than', { column: 'up', threshold: 1 })
  add('column_values_to_be_increasing', { column: 'steps', row_condition: 'up < 8', condition_parser: 'pandas' })
}

function addDistributions(add: Add): void {
  const bins = { bins: [0, 2, 4, 8, 16], weights: [0.2, 0.3, 0.3, 0.2] }
  const tails = { bins: [2, 4, 8], weights: [0.4, 0.3], tail_weights: [0.1, 0.2] }
  for (const column of ['up', 'steps', 'down', 'far']) {
    for (const partition of [bins, tails, { bins: [0, 8, 30], weights: [1, 0] }]) {
      add('column_kl_divergence_to_be_less_than', { column, partition_object: partition, threshold: 0.5 }, ['texts', 'fewer'])
      add('column_kl_divergence_to_be_less_than', { column, partition_object: partition, threshold: 0.1, internal_weight_holdout: 0.1 })
    }
    add('column_kl_divergence_to_be_less_than', { column, partition_object: bins, threshold: 1, tail_weight_holdout: 0.2 })
    add('column_kl_divergence_to_be_less_than', { column, partition_object: tails, threshold: 1, tail_weight_holdout: 0.2 })
  }
  for (const partition of [
    { values: ['x', 'y', 'z'], weights: [0.4, 0.3, 0.3] },
    { values: ['x', 'y'], weights: [0.5, 0.5] },
    { values: ['x', 'y', 'z', 'w'], weights: [0.25, 0.25, 0.25, 0.25] },
    { values: ['x', 'y'], weights: [0.5, 0.4] },
  ]) {
    for (const holdout of [undefined, 0.1])
      add('column_kl_divergence_to_be_less_than', {
        column: 'label',
        partition_object: partition,
        threshold: 0.2,
        ...(holdout === undefined ? {} : { tail_weight_holdout: holdout }),
      })
    add('column_kl_divergence_to_be_less_than', { column: 'label', partition_object: partition })
  }
  add('column_kl_divergence_to_be_less_than', { column: 'label', partition_object: { bins: [0, 1], weights: [1] }, threshold: 1 })
  add('column_kl_divergence_to_be_less_than', { column: 'f', partition_object: { bins: [0, 1], weights: [1] }, threshold: 1 }, [
    'missing',
    'empty',
  ])
}

function addSets(add: Add): void {
  for (const ties of [undefined, true, false]) {
    const own = ties === undefined ? {} : { ties_okay: ties }
    add('column_most_common_value_to_be_in_set', { column: 'label', value_set: ['x', 'y'], ...own }, ['texts', 'fewer'])
    add('column_most_common_value_to_be_in_set', { column: 'same', value_set: [2.5], ...own })
    add('column_most_common_value_to_be_in_set', { column: 'flag', value_set: [true], ...own })
    add('column_most_common_value_to_be_in_set', { column: 'up', value_set: [3, 4], ...own })
    add('column_most_common_value_to_be_in_set', { column: 'f', value_set: [3], ...own }, ['missing', 'empty'])
  }
  for (const ignore of [undefined, 'both_values_are_missing', 'either_value_is_missing', 'neither']) {
    const own = ignore === undefined ? {} : { ignore_row_if: ignore }
    const pairs = [
      ['x', 'x'],
      ['y', 'z'],
      ['z', null],
      [null, 'y'],
    ]
    add('column_pair_values_to_be_in_set', { column_A: 'label', column_B: 'again', value_pairs_set: pairs, mostly: 0.2, ...own }, [
      'texts',
      'fewer',
    ])
    add('column_pair_values_to_be_in_set', {
      column_A: 'up',
      column_B: 'down',
      value_pairs_set: [
        [0, 20],
        [1, 19.5],
        [2, 3],
      ],
      mostly: 0.1,
      ...own,
    })
    add('column_pair_values_to_be_in_set', {
      column_A: 'flag',
      column_B: 'up',
      value_pairs_set: [
        [true, 1],
        [1, 2],
        [0, 3],
      ],
      mostly: 0.1,
      ...own,
    })
  }
  for (const type of ['str', 'int64', 'float64', 'bool', 'datetime64[ns]', 'datetime64', 'category', 'nonsense'])
    for (const column of ['code', 'up', 'down', 'when', 'flag']) add('column_type_to_be', { column, type_: type })
}

function addColumns(add: Add): void {
  for (const ignore of [undefined, 'all_values_are_missing', 'any_value_is_missing', 'never']) {
    const own = ignore === undefined ? {} : { ignore_row_if: ignore }
    for (const columns of [
      ['up', 'near'],
      ['up', 'steps', 'near'],
      ['label', 'again'],
      ['up', 'down'],
      ['down', 'far', 'same'],
      ['up', 'flag'],
      ['up', 'label'],
    ]) {
      add('multicolumn_values_to_be_equal', { column_list: columns, mostly: 0.2, ...own }, ['texts', 'fewer'])
      add('select_column_values_to_be_unique_within_record', { column_list: columns, mostly: 0.5, ...own }, ['texts', 'fewer'])
    }
  }
  add('multicolumn_values_to_be_unique', { column: 'up', column_list: ['up', 'near'] })
  add('column_values_to_be_dateutil_parseable', { column: 'up' })
}

/** Cases that Great Expectations judges on SQLite only: LIKE patterns (with the case of letters) and another table. */
export function sqlCases(): Case[] {
  const cases: Case[] = []
  const add: Add = (type, kwargs, tables = ['texts', 'fewer']) => {
    for (const table of tables) cases.push({ table, type: `expect_${type}`, kwargs })
  }
  const patterns = ['A%', '%1', '_1', '__', '%', '', 'A_', 'A\\1', '%.%', 'a%', '%雷', 'A%1', '[A]%', 'Ä_']
  for (const pattern of patterns) {
    for (const column of ['code', 'label']) {
      add('column_values_to_match_like_pattern', { column, like_pattern: pattern, mostly: 0.3 })
      add('column_values_to_not_match_like_pattern', { column, like_pattern: pattern, mostly: 0.6 })
    }
  }
  for (const pattern of ['A!%', 'A!_', 'A!!!%', '%!%%']) {
    add('column_values_to_match_like_pattern', { column: 'code', like_pattern: pattern, escape: '!' })
    add('column_values_to_not_match_like_pattern', { column: 'code', like_pattern: pattern, escape: '!' })
  }
  for (const list of [
    ['A%', 'x'],
    ['_', '__'],
    ['%1%', 'A%'],
  ]) {
    for (const match of [undefined, 'any', 'all']) {
      const own = match === undefined ? {} : { match_on: match }
      add('column_values_to_match_like_pattern_list', { column: 'code', like_pattern_list: list, mostly: 0.4, ...own })
    }
    add('column_values_to_not_match_like_pattern_list', { column: 'label', like_pattern_list: list, mostly: 0.4 })
  }
  add('column_values_to_match_like_pattern_list', { column: 'code', like_pattern_list: [] })
  for (const other of ['texts', 'fewer', 'nowhere']) add('table_row_count_to_equal_other_table', { other_table_name: other })
  return cases
}
