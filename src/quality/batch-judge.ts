/** One expectation judged on the batches of a stream: what can be added up is added up, the rest keeps what it needs. */
import { invalidArgument, MillwrightError, show } from '../core/errors'
import type { CellValue } from '../schema/cell-types'
import { type Column, type ColumnType, columnFrom, isMissingAt, sliceColumn, takeColumn } from '../schema/column'
import { stackColumns } from '../schema/stack-columns'
import { type Table, tableOf } from '../schema/table'
import { boundsOf, columnOf, jsonValue } from './cells'
import { summaryEvaluators } from './evaluate-distinct'
import { addFindings, formatFindings, noFindings } from './findings'
import { type Judge, judgeRows, rowsOfCondition } from './judge'
import { judgeFigure } from './judge-figure'
import { isAboutValues, judgeCategories } from './kl-divergence'
import { type FigureVerdict, type FormattedVerdict, formatFigure, type Verdict } from './result'
import { RunningFigures } from './running-figures'
import { summaryOf, valueOfKey } from './value-summary'

/** Judges batch after batch. */
export interface BatchJudge {
  /** @param offset the number of the batch's first row in the whole */
  add(batch: Table, offset: number): void
  finish(): FormattedVerdict
}

/** The judge for an expectation. @param limit how many values it may keep */
export function makeBatchJudge(judge: Judge, limit: number): BatchJudge {
  const { type, kwargs } = judge
  if (schemaTypes.includes(type)) return firstBatchJudge(judge)
  if (/_of_type$|_in_type_list$|_type_to_be$/.test(type)) return typeJudge(judge)
  if (/increasing$|decreasing$/.test(type)) return orderJudge(judge)
  if (runningFigures[type] !== undefined) return figuresJudge(judge)
  if (Object.hasOwn(summaryEvaluators, type) || (type.includes('kl_divergence') && isAboutValues(kwargs))) return countsJudge(judge, limit)
  return wholeTypes.test(type) ? keepingJudge(judge, limit) : rowsJudge(judge)
}

/** About the columns, which are the same in every batch. */
const schemaTypes: readonly string[] = [
  'expect_column_to_exist',
  'expect_table_columns_to_match_set',
  'expect_table_columns_to_match_ordered_list',
  'expect_table_column_count_to_equal',
  'expect_table_column_count_to_be_between',
]

/** About a row and all others: their columns are kept. */
const wholeTypes = /values_to_be_unique$|columns_to_be_unique$|median|quantile|z_scores|outliers|kl_divergence/

/** The rows of a batch that the expectation is about. */
function rowsFor(judge: Judge, batch: Table): Table {
  return rowsOfCondition(judge, batch).table
}

/** Rows that are judged each for itself: counts are added. */
function rowsJudge(judge: Judge): BatchJudge {
  const findings = noFindings()
  return {
    add: (batch, offset) => {
      const { table, verdict, numberOf } = judgeRows(judge, batch)
      if (verdict.kind !== 'rows') throw new MillwrightError('Internal', `${judge.type} is not judged by rows`)
      addFindings(findings, verdict, { table, numberOf: (row) => offset + numberOf(row), report: judge.report })
    },
    finish: () => formatFindings(findings, judge.report),
  }
}

/** Values in order: the last one of a batch stands before the next batch. */
function orderJudge(judge: Judge): BatchJudge {
  const name = judge.kwargs.column as string
  const findings = noFindings()
  let last: Column | undefined
  return {
    add: (batch, offset) => {
      const { table, numberOf } = rowsOfCondition(judge, batch)
      const column = columnOf(table, judge.kwargs)
      const joined = last === undefined ? column : stackColumns([last, column])
      const extra = last === undefined ? 0 : 1
      const { verdict } = judgeRows({ ...judge, condition: undefined }, tableOf([joined]))
      if (verdict.kind !== 'rows') throw new MillwrightError('Internal', `${judge.type} is not judged by rows`)
      const own = { ...verdict, elementCount: verdict.elementCount - extra }
      const wider = withFirstRow(table, joined, extra, name)
      addFindings(findings, own, { table: wider, numberOf: (row) => offset + numberOf(row - extra), report: judge.report })
      for (let row = column.length - 1; row >= 0; row--) {
        if (isMissingAt(column, row)) continue
        last = sliceColumn(column, row, row + 1)
        break
      }
    },
    finish: () => formatFindings(findings, judge.report),
  }
}

/** The table whose rows stand where those of `joined` stand. */
function withFirstRow(table: Table, joined: Column, extra: number, name: string): Table {
  const column = (own: string): Column => {
    if (own === name) return joined
    return extra === 0
      ? table.column(own)
      : takeColumn(
          table.column(own),
          Int32Array.from({ length: joined.length }, (_, row) => row - 1),
        )
  }
  return { numRows: joined.length, columnNames: table.columnNames, column }
}

function firstBatchJudge(judge: Judge): BatchJudge {
  let verdict: Verdict | undefined
  return {
    add: (batch) => {
      verdict ??= judgeRows(judge, batch).verdict
    },
    finish: () => formatFigure((verdict ?? judgeRows(judge, tableOf([])).verdict) as FigureVerdict, judge.report),
  }
}

/** The type of a column, and whether a cell is missing anywhere. */
function typeJudge(judge: Judge): BatchJudge {
  const name = judge.kwargs.column as string
  let seen: { readonly type: ColumnType; readonly missing: boolean; readonly empty: boolean } | undefined
  return {
    add: (batch) => {
      const column = columnOf(rowsFor(judge, batch), judge.kwargs)
      const empty = column.nullCount === column.length
      const wider = seen === undefined || seen.empty || (column.type === 'float64' && !empty)
      seen = {
        type: wider ? column.type : (seen as { type: ColumnType }).type,
        missing: (seen?.missing ?? false) || column.nullCount > 0,
        empty: (seen?.empty ?? true) && empty,
      }
    },
    finish: () => {
      if (seen === undefined) throw noBatch(judge)
      const cells: CellValue[] = seen.missing ? [null] : []
      const table = tableOf([columnFrom(name, seen.type, cells)])
      return formatFigure(judgeRows({ ...judge, condition: undefined }, table).verdict as FigureVerdict, judge.report)
    },
  }
}

/** What the running figures say; the name of a figure for each type. */
const runningFigures: Readonly<Record<string, keyof RunningFigures | undefined>> = {
  expect_column_mean_to_be_between: 'mean',
  expect_column_sum_to_be_between: 'sum',
  expect_column_stdev_to_be_between: 'stdev',
  expect_column_min_to_be_between: 'min',
  expect_column_max_to_be_between: 'max',
  expect_column_proportion_of_non_null_values_to_be_between: 'presentShare',
  expect_table_row_count_to_be_between: 'rows',
  expect_table_row_count_to_equal: 'rows',
  expect_table_row_count_to_equal_other_table: 'rows',
}

function figuresJudge(judge: Judge): BatchJudge {
  const { type, kwargs } = judge
  const running = new RunningFigures()
  const figure = runningFigures[type] as 'mean'
  let column: Column | undefined
  return {
    add: (batch) => {
      const table = rowsFor(judge, batch)
      running.addRows(table.numRows)
      if (kwargs.column === undefined) return
      column = columnOf(table, kwargs)
      running.addColumn(column, figure)
    },
    finish: () => {
      if (figure === ('rows' as string)) return formatFigure(judgeRowCount(judge, running.rows), judge.report)
      if (column === undefined) throw noBatch(judge)
      if (figure === ('min' as string) || figure === ('max' as string))
        return formatFigure(judgeExtreme(judge, column, running[figure]), judge.report)
      return formatFigure(judgeFigure(kwargs, running[figure]), judge.report)
    },
  }
}

function judgeExtreme({ kwargs }: Judge, column: Column, extreme: CellValue): FigureVerdict {
  const value = valueOfKey(column.type, extreme)
  const success = extreme !== null && boundsOf(kwargs, column)(value as Exclude<CellValue, null>)
  return { kind: 'figure', success, observed: extreme === null ? null : jsonValue(column.type, value) }
}

/** A table of so many rows is enough for expectations on the number of rows. */
function judgeRowCount(judge: Judge, rows: number): FigureVerdict {
  const table: Table = { numRows: rows, columnNames: [], column: (name) => columnFrom(name, 'int32', []) }
  return judgeRows({ ...judge, condition: undefined }, table).verdict as FigureVerdict
}

/** Values are kept with their counts, each one once. */
function countsJudge(judge: Judge, limit: number): BatchJudge {
  const { type, kwargs } = judge
  const counts = new Map<CellValue, number>()
  let [present, columnType]: [number, ColumnType | undefined] = [0, undefined]
  return {
    add: (batch) => {
      const summary = summaryOf(columnOf(rowsFor(judge, batch), kwargs))
      if (columnType === undefined || summary.counts.size > 0) columnType = summary.type
      present += summary.present
      for (const [key, count] of summary.counts) counts.set(key, (counts.get(key) ?? 0) + count)
      if (counts.size > limit) throw tooMany(type, `every different value of ${show(kwargs.column)}`, limit)
    },
    finish: () => {
      if (columnType === undefined) throw noBatch(judge)
      const summary = { type: columnType, present, counts }
      const evaluate = Object.hasOwn(summaryEvaluators, type) ? summaryEvaluators[type] : judgeCategories
      return formatFigure((evaluate ?? judgeCategories)(summary, kwargs) as FigureVerdict, judge.report)
    },
  }
}

/** The cells of the judged columns are kept, and judged at the end. */
function keepingJudge(judge: Judge, limit: number): BatchJudge {
  const { type, kwargs, report } = judge
  const names = [...new Set([kwargs.column ?? kwargs.column_list, report.indexColumns].flat() as string[])]
  const pieces = new Map<string, Column[]>(names.map((name) => [name, []]))
  const numbers: Int32Array[] = []
  let cells = 0
  return {
    add: (batch, offset) => {
      const { table, numberOf } = rowsOfCondition(judge, batch)
      cells += table.numRows * names.length
      if (cells > limit) throw tooMany(type, `the cells of ${names.map(show).join(', ')}`, limit)
      for (const name of names) pieces.get(name)?.push(table.column(name))
      numbers.push(Int32Array.from({ length: table.numRows }, (_, row) => offset + numberOf(row)))
    },
    finish: () => {
      if (numbers.length === 0) throw noBatch(judge)
      const table = tableOf(names.map((name) => stackColumns(pieces.get(name) as Column[])))
      const { verdict } = judgeRows({ ...judge, condition: undefined }, table)
      if (verdict.kind === 'figure') return formatFigure(verdict, report)
      const all = numbers.flatMap((list) => Array.from(list))
      const findings = noFindings()
      addFindings(findings, verdict, { table, numberOf: (row) => all[row] as number, report })
      return formatFindings(findings, report)
    },
  }
}

function tooMany(type: string, what: string, limit: number): MillwrightError {
  return new MillwrightError('Unsupported', `${type} keeps ${what}, and there are more than ${limit}`, {
    hint: 'raise `maxKeptValues` of validateBatches, or judge a sample of the rows',
  })
}

function noBatch({ type }: Judge): MillwrightError {
  return invalidArgument(`${type} needs at least one batch`)
}
