/** Row conditions as programs write them, in the JSON of Great Expectations 1.9 and later. */
import { invalidArgument, show } from '../core/errors'
import type { ConditionValue } from './row-condition'

/** A condition on one row, as suites carry it. */
export type RowConditionJson =
  | {
      readonly type: 'comparison'
      readonly column: { readonly name: string }
      readonly operator: '==' | '!=' | '<' | '<=' | '>' | '>=' | 'IN' | 'NOT_IN'
      readonly parameter: ConditionValue | readonly ConditionValue[]
    }
  | { readonly type: 'nullity'; readonly column: { readonly name: string }; readonly is_null: boolean }
  | { readonly type: 'and' | 'or'; readonly conditions: readonly RowConditionJson[] }

/** The conditions that can be put on a column. Timestamps are ISO 8601 text. */
export interface ConditionColumn {
  is(value: ConditionValue): RowConditionJson
  isNot(value: ConditionValue): RowConditionJson
  lessThan(value: ConditionValue): RowConditionJson
  atMost(value: ConditionValue): RowConditionJson
  greaterThan(value: ConditionValue): RowConditionJson
  atLeast(value: ConditionValue): RowConditionJson
  isIn(values: readonly ConditionValue[]): RowConditionJson
  isNotIn(values: readonly ConditionValue[]): RowConditionJson
  isMissing(): RowConditionJson
  isPresent(): RowConditionJson
}

/**
 * A column of a row condition.
 *
 * @example allOf(col('status').is('paid'), col('amount').greaterThan(0))
 * @throws InvalidArgument on an empty name
 */
export function col(name: string): ConditionColumn {
  if (typeof name !== 'string' || name === '') throw invalidArgument(`col needs a column name, got ${show(name)}`)
  const column = { name }
  type Operator = Extract<RowConditionJson, { type: 'comparison' }>['operator']
  const comparison = (operator: Operator, parameter: ConditionValue | readonly ConditionValue[]): RowConditionJson => ({
    type: 'comparison',
    column,
    operator,
    parameter,
  })
  return {
    is: (value) => comparison('==', value),
    isNot: (value) => comparison('!=', value),
    lessThan: (value) => comparison('<', value),
    atMost: (value) => comparison('<=', value),
    greaterThan: (value) => comparison('>', value),
    atLeast: (value) => comparison('>=', value),
    isIn: (values) => comparison('IN', [...values]),
    isNotIn: (values) => comparison('NOT_IN', [...values]),
    isMissing: () => ({ type: 'nullity', column, is_null: true }),
    isPresent: () => ({ type: 'nullity', column, is_null: false }),
  }
}

/** Every one of the conditions holds. */
export function allOf(...conditions: readonly RowConditionJson[]): RowConditionJson {
  return { type: 'and', conditions }
}

/** At least one of the conditions holds. */
export function anyOf(...conditions: readonly RowConditionJson[]): RowConditionJson {
  return { type: 'or', conditions }
}
