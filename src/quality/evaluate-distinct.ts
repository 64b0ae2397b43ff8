/** Expectations on which values a column holds and how often: the counts of values are enough, the rows are not needed. */
import type { CellValue } from '../schema/cell-types'
import { columnOf, jsonValue, valueSet } from './cells'
import type { Evaluator } from './evaluator'
import type { Kwargs } from './expectation'
import { judgeFigure } from './judge-figure'
import type { Verdict } from './result'
import { byValue, summaryOf, type ValueSummary, valueOfKey } from './value-summary'

/** Judges the counts of a column's values. */
export type SummaryEvaluator = (summary: ValueSummary, kwargs: Kwargs) => Verdict

/** Expectations on counts of values by type. */
export const summaryEvaluators: Readonly<Record<string, SummaryEvaluator>> = {
  expect_column_unique_value_count_to_be_between: ({ counts }, kwargs) => judgeFigure(kwargs, counts.size),
  expect_column_proportion_of_unique_values_to_be_between: ({ counts, present }, kwargs) =>
    judgeFigure(kwargs, present === 0 ? 0 : counts.size / present),
  expect_column_most_common_value_to_be_in_set: judgeMostCommon,
  expect_column_distinct_values_to_be_in_set: (summary, kwargs) => judgeDistinct(summary, kwargs, { extra: true }),
  expect_column_distinct_values_to_contain_set: (summary, kwargs) => judgeDistinct(summary, kwargs, { absent: true }),
  expect_column_distinct_values_to_equal_set: (summary, kwargs) => judgeDistinct(summary, kwargs, { extra: true, absent: true }),
}

/** The same for tables. */
export const distinctEvaluators: Readonly<Record<string, Evaluator>> = /* @__PURE__ */ Object.fromEntries(
  Object.entries(summaryEvaluators).map(([type, evaluate]): [string, Evaluator] => [
    type,
    (table, kwargs) => evaluate(summaryOf(columnOf(table, kwargs)), kwargs),
  ]),
)

/** The values that occur most often, ascending. Without `ties_okay` there must be just one. */
function judgeMostCommon({ type, counts }: ValueSummary, kwargs: Kwargs): Verdict {
  let most = 0
  for (const count of counts.values()) if (count > most) most = count
  const expected = valueSet(kwargs.value_set, type)
  const modes = [...counts].filter(([, count]) => count === most).map(([key]) => key)
  const found = modes.filter((key) => expected.has(key)).length
  const success = kwargs.ties_okay === true ? found > 0 : modes.length === 1 && found === 1
  const observed = modes.sort(byValue).map((key) => jsonValue(type, valueOfKey(type, key)))
  return { kind: 'figure', success, observed }
}

/** Distinct values against a set: `extra` ones and `absent` ones, as far as the expectation looks at them, must not be. */
function judgeDistinct(
  { type, counts: found }: ValueSummary,
  kwargs: Kwargs,
  looksAt: { readonly extra?: true; readonly absent?: true },
): Verdict {
  const expected = valueSet(kwargs.value_set, type)
  const json = (key: CellValue) => jsonValue(type, valueOfKey(type, key))
  const observed = [...found.keys()].sort(byValue)
  const extra = observed.filter((key) => !expected.has(key)).map(json)
  const absent = [...expected].filter((key) => !found.has(key)).map(json)
  const success = (looksAt.extra !== true || extra.length === 0) && (looksAt.absent !== true || absent.length === 0)
  const counts = {
    ...(looksAt.extra === true ? { unexpected_count: extra.length, partial_unexpected_list: extra.slice(0, 20) } : {}),
    ...(looksAt.absent === true ? { missing_count: absent.length, partial_missing_list: absent.slice(0, 20) } : {}),
  }
  return { kind: 'figure', success, observed: observed.slice(0, 1000).map(json), counts }
}
