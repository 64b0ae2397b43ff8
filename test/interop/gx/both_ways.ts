/**
 * Suites both ways with Great Expectations: ours, written as its JSON, are loaded and run by it on the same data, with the same verdicts, counts,
 * lists and observed values; the suites it writes are read and run by us; our results are read and rendered by its classes, and its results by us.
 *
 * Tables: examples/data, the files of the folder `MILLWRIGHT_DATA` where it is set, and 300 generated ones.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { parseCsv } from '../../../src/adapters/csv/csv'
import { createRng } from '../../../src/core/random'
import * as q from '../../../src/quality'
import { validationReport } from '../../../src/report'
import type { Table } from '../../../src/schema/table'
import { type CaseColumn, randomTable } from './_cases'
import { caseTable, same } from './_difference'
import { everyKind, oneKind } from './_generate'

interface Answer {
  readonly results: readonly {
    readonly type: string
    readonly place: number
    readonly success: boolean
    readonly result: Record<string, unknown>
    readonly error: string | null
  }[]
  readonly whole: object | null
  readonly suite: object
  readonly ours: { readonly success: boolean; readonly statistics: object; readonly count: number }
  readonly sections: number
  readonly severity: string | null
}

const files = [
  ['penguins', 'examples/data/penguins.csv'],
  ...[
    'tabular/penguins_raw.csv',
    'tabular/california_housing.csv.gz',
    'monitoring/titanic_reference.csv',
    'monitoring/titanic_analysis.csv',
    'stream/beijing_pm25.csv.gz',
  ].map((name) => [name, join(process.env.MILLWRIGHT_DATA ?? '', name)] as const),
].filter(([name, path]) => existsSync(path as string) && (name === 'penguins' || process.env.MILLWRIGHT_DATA !== undefined)) as [
  string,
  string,
][]

const rng = createRng(14)
const runs = [
  ...files.flatMap(([name, path]) => {
    const table: Table = readTable(path)
    const drawn = Array.from({ length: table.numRows < 1000 ? 3 : 1 }, () => everyKind(table, rng)).flat()
    return [
      { name: `${name}, suggested`, table, suite: q.suggestExpectations(table, { name: `${name} suggested` }) },
      { name: `${name}, every kind`, table, suite: q.expectations(`${name} every kind`, drawn) },
    ]
  }),
  ...Array.from({ length: 300 }, (_, i) => {
    const table = caseTable(randomTable(100 + i))
    return { name: `generated ${i}`, table, suite: q.expectations(`generated ${i}`, [oneKind(table, rng)]) }
  }),
]

function readTable(path: string): Table {
  const bytes = readFileSync(path)
  return parseCsv((path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8'), { naValues: ['NA', ''] })
}

function plainColumns(table: Table): CaseColumn[] {
  return table.columnNames.map((name) => {
    const column = table.column(name)
    const values = column
      .toArray()
      .map((cell) => (column.type === 'timestamp' && cell !== null ? new Date(cell as number).toISOString() : cell))
    return { name, type: column.type, values }
  })
}

/** Great Expectations gives the results in an order of its own, so each expectation knows its place. */
for (const run of runs) {
  run.suite = q.expectations(
    run.suite.name,
    run.suite.expectations.map((item, place) => ({ ...item, meta: { ...item.meta, place } })),
  )
}

const validate = ({ table, suite }: (typeof runs)[number], resultFormat: q.ResultFormat = 'COMPLETE') =>
  q.validate(table, suite, { resultFormat })
const own = runs.map((run) => validate(run))
const wanted = runs.map((run, i) => ({
  table: plainColumns(run.table),
  suite: q.suiteToJson(run.suite),
  // A complete result of a large file is large; what Great Expectations reads is the same.
  result: i < 2 * files.length ? validate(run, 'SUMMARY') : own[i],
  whole: i >= 2 * files.length || runs[i]?.table.numRows === 344,
}))
const python = process.env.MILLWRIGHT_GX ?? '.venvs/gx/bin/python'
const folder = mkdtempSync(join(tmpdir(), 'millwright-gx-'))
writeFileSync(join(folder, 'wanted.json'), JSON.stringify(wanted))
const { stdout, stderr, status } = spawnSync(python, ['test/interop/gx/run_suites.py', join(folder, 'wanted.json')], {
  encoding: 'utf8',
  maxBuffer: 2 ** 30,
  env: { ...process.env, TQDM_DISABLE: '1' },
})
rmSync(folder, { recursive: true, force: true })
if (status !== 0) throw new Error(`${python} ended with ${status}: ${stderr.slice(-2000)}`)
const { version, answers } = JSON.parse(stdout) as { version: string; answers: Answer[] }

/** Members that only Great Expectations writes: code for pandas. */
const theirs = ['unexpected_index_query']
/** What our type names are to pandas is theirs to say. */
const isType = (type: string): boolean => /_of_type$|_type_list$|_type_to_be$/.test(type)

const problems: string[] = []
const seen = new Map<string, number>()
for (const [i, answer] of answers.entries()) {
  const { name, suite } = runs[i] as (typeof runs)[number]
  const result = own[i] as q.ValidationResult
  for (const found of answer.results) {
    const k = found.place
    seen.set(found.type, (seen.get(found.type) ?? 0) + 1)
    const ours = result.results[k] as q.ExpectationResult
    const problem = difference(ours, found)
    if (problem !== undefined) problems.push(`${name}: ${JSON.stringify(suite.expectations[k])}\n    ${problem}`)
  }
  const back = q.suiteFromJson(answer.suite)
  if (!same(kwargsOf(back), kwargsOf(suite)))
    problems.push(`${name}: the suite that Great Expectations wrote is read otherwise: ${suiteDifference(back, suite)}`)
  if (JSON.stringify(answer.ours.success) !== JSON.stringify(result.success) || answer.ours.count !== result.results.length)
    problems.push(`${name}: our result is read otherwise: ${JSON.stringify(answer.ours)}`)
  if (answer.sections === 0) problems.push(`${name}: our result has no page in Great Expectations`)
  if ((answer.severity ?? undefined) !== q.maxSeverityOfFailures(result)) problems.push(`${name}: severity ${answer.severity}`)
  if (answer.whole !== null && !validationReport(q.validationResultFromJson(answer.whole)).includes('</html>'))
    problems.push(`${name}: no page`)
}

function suiteDifference(back: q.ExpectationSuite, suite: q.ExpectationSuite): string {
  const [a, b] = [kwargsOf(back) as unknown[], kwargsOf(suite) as unknown[]]
  const at = b.findIndex((item, i) => !same(a[i], item))
  return `${JSON.stringify(a[at])} from ${JSON.stringify(b[at])}`
}

function kwargsOf(suite: q.ExpectationSuite): unknown {
  return suite.expectations.map(({ type, kwargs, meta, notes, severity = 'critical' }) => ({
    type,
    kwargs: defaults(kwargs),
    meta,
    notes,
    severity,
  }))
}

const usual: readonly string[] = [
  'mostly 1',
  'exact_match true',
  'ignore_row_if all_values_are_missing',
  'ignore_row_if both_values_are_missing',
]

/** What Great Expectations leaves out because it is the default. */
function defaults(kwargs: q.Kwargs): object {
  return Object.fromEntries(Object.entries(kwargs).filter(([key, value]) => !usual.includes(`${key} ${String(value)}`)))
}

function difference(ours: q.ExpectationResult, { type, success, result, error }: Answer['results'][number]): string | undefined {
  const { exception_info: exception } = ours
  if (error !== null || exception.raised_exception)
    return error !== null && !ours.success
      ? undefined
      : `ours ${exception.exception_message ?? ours.success}, Great Expectations ${error ?? success}`
  const keys = [...new Set([...Object.keys(result), ...Object.keys(ours.result)])].filter((key) => !theirs.includes(key))
  if (type.includes('distinct_values') && result.observed_value === null) result.observed_value = ours.result.observed_value
  const differing = isType(type)
    ? []
    : keys
        .filter((key) => comparable(key, ours))
        .filter((key) => !same(sorted(key, firstOnes(ours.result[key])), sorted(key, firstOnes(result[key]))))
  if (isType(type) && JSON.stringify(ours.expectation_config.kwargs).includes('"object"]')) return undefined
  if (ours.success === success && differing.length === 0) return undefined
  const shown = differing.map((key) => `${key}: ours ${short(ours.result[key])}, Great Expectations ${short(result[key])}`)
  return [`success ours ${ours.success}, Great Expectations ${success}`, ...shown].join('\n    ')
}

/** How many unexpected values Great Expectations lists in the results of a suite. */
const LISTED = 100

function firstOnes(value: unknown): unknown {
  return Array.isArray(value) ? value.slice(0, LISTED) : value
}

/** It counts the values that it lists. */
function comparable(key: string, ours: q.ExpectationResult): boolean {
  return key !== 'partial_unexpected_counts' || Number(ours.result.unexpected_count) <= LISTED
}

/** Values that are equally common may come in any order. */
function sorted(key: string, value: unknown): unknown {
  if (key !== 'partial_unexpected_counts' || !Array.isArray(value)) return value
  // pandas counts every missing value as one of its own.
  return (value as { value: unknown; count: number }[]).filter((item) => item.value !== null).map((item) => item.count)
}

function short(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > 200 ? `${text.slice(0, 200)}…` : text
}

for (const problem of problems) console.log(problem)
const judged = answers.reduce((sum, { results }) => sum + results.length, 0)
console.log(
  `Great Expectations ${version}: ${files.length} files (${files.map(([name]) => name).join(', ')}) and 300 generated tables, ${judged} expectations of ${seen.size} kinds, ${problems.length} problems`,
)
if (problems.length > 0) process.exitCode = 1
