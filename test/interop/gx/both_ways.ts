/**
 * Suites both ways with Great Expectations: ours, written as its JSON, are loaded and run by it on the same data, with the same verdicts, counts,
 * lists and observed values; the suites it writes are read by us and give the same results; our results are read and rendered by its classes, and
 * its results by us.
 *
 * Tables: examples/data, files of MILLWRIGHT_DATA or `../shared/data` where they are there, and 300 generated ones.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as q from '../../../src/quality'
import { knownTypes } from '../../../src/quality/kwargs'
import { validationReport } from '../../../src/report'
import { same } from './_difference'
import { type Found, resultDifference, short } from './_results'
import { GENERATED, plainColumns, type Run, suiteRuns } from './_suites'

interface Answer {
  readonly results: readonly Found[]
  /** The whole result, as it writes it. */
  readonly whole: object
  /** Our suite, as it writes it. */
  readonly suite: object
  /** Our result, as it reads it. */
  readonly ours: { readonly success: boolean; readonly statistics: object; readonly count: number }
  /** Sections of its page for our result. */
  readonly sections: number
  readonly severity: string | null
}

interface Answers {
  readonly version: string
  /** The default values of kwargs, by type. */
  readonly defaults: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly answers: readonly Answer[]
}

const runs = await suiteRuns(14)
const context: q.EvaluationContext = { jsonSchema: await q.loadJsonSchema() }
const own = runs.map(({ table, suite }) => validate(table, suite, 'COMPLETE'))
const { version, defaults, answers } = askPython()

function validate(table: Run['table'], suite: q.ExpectationSuite, resultFormat: q.ResultFormat): q.ValidationResult {
  return q.validate(table, suite, { resultFormat, tables: { self: table }, ...context })
}

function askPython(): Answers {
  const python = process.env.MILLWRIGHT_GX ?? '.venvs/gx/bin/python'
  const wanted = runs.map(({ table, suite, engine }) => ({
    table: plainColumns(table),
    suite: q.suiteToJson(suite),
    engine,
    result: validate(table, suite, 'SUMMARY'),
  }))
  const folder = mkdtempSync(join(tmpdir(), 'millwright-gx-'))
  try {
    writeFileSync(join(folder, 'wanted.json'), JSON.stringify(wanted))
    const { stdout, stderr, status } = spawnSync(python, ['test/interop/gx/run_suites.py', join(folder, 'wanted.json')], {
      encoding: 'utf8',
      maxBuffer: 2 ** 30,
      env: { ...process.env, TQDM_DISABLE: '1' },
    })
    if (status !== 0) throw new Error(`${python} ended with ${status}: ${stderr.slice(-2000)}`)
    return JSON.parse(stdout)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const problems: string[] = []
const kinds = new Set<string>()
let judged = 0
for (const [i, run] of runs.entries()) {
  const answer = answers[i] as Answer
  const result = own[i] as q.ValidationResult
  const { name, suite } = run
  if (answer.results.length !== suite.expectations.length) problems.push(`${name}: ${answer.results.length} results`)
  for (const found of answer.results) {
    judged++
    kinds.add(found.type)
    const difference = resultDifference(result.results[found.place] as q.ExpectationResult, found, run.engine)
    if (difference !== undefined) problems.push(`${name}: ${JSON.stringify(suite.expectations[found.place])}\n    ${difference}`)
  }
  problems.push(...suiteProblems(run, answer, result), ...resultProblems(run, answer, result))
}

/**
 * The suite as Great Expectations writes it. It leaves out kwargs that equal their defaults (`Expectation.configuration` calls
 * `dict(exclude_defaults=True)`), so what we read must be the suite without them, and must give the same results on the table: our defaults are the same.
 */
function* suiteProblems({ name, table, suite }: Run, answer: Answer, result: q.ValidationResult): Generator<string> {
  const back = q.suiteFromJson(answer.suite)
  for (const [i, { type, kwargs, meta, severity = 'critical' }] of suite.expectations.entries()) {
    const usual = defaults[type] ?? {}
    const told = Object.entries(kwargs).filter(([key, value]) => !(Object.hasOwn(usual, key) && same(usual[key], value)))
    const wanted = { type, kwargs: Object.fromEntries(told), meta, severity }
    const { severity: readSeverity = 'critical', ...read } = back.expectations[i] as q.Expectation
    const got = { type: read.type, kwargs: read.kwargs, meta: read.meta, severity: readSeverity }
    if (!same(got, wanted)) yield `${name}: Great Expectations wrote ${short(got)} for ${short(wanted)}`
  }
  const again = validate(table, back, 'COMPLETE').results.map(({ success, result: figures }) => ({ success, figures }))
  for (const [i, { success, result: figures }] of result.results.entries()) {
    if (!same(again[i], { success, figures })) yield `${name}: another result by the suite that was read back: ${short(again[i])}`
  }
}

/** Our result in its classes, and its result in ours. */
function* resultProblems({ name }: Run, { ours, sections, severity, whole }: Answer, result: q.ValidationResult): Generator<string> {
  const { success, statistics, results } = result
  if (!same(ours, { success, statistics, count: results.length })) yield `${name}: our result is read otherwise: ${JSON.stringify(ours)}`
  if (sections === 0) yield `${name}: our result has no page in Great Expectations`
  if ((severity ?? undefined) !== q.maxSeverityOfFailures(result)) yield `${name}: severity ${severity}`
  const theirs = q.validationResultFromJson(whole)
  if (theirs.success !== success || !same(theirs.statistics, statistics)) yield `${name}: its result is read otherwise`
  if (!validationReport(theirs).includes('</html>')) yield `${name}: no page for its result`
}

const notRun = knownTypes.filter((type) => !kinds.has(type))
if (notRun.length > 0) problems.push(`these kinds were not run: ${notRun.join(', ')}`)
for (const problem of problems) console.log(problem)
const files = new Map(runs.filter(({ isFile }) => isFile).map(({ name, table }) => [name.split(',')[0], table]))
const gappy = [...files.values()].filter((table) => table.columnNames.some((name) => table.column(name).nullCount > 0))
console.log(
  `Great Expectations ${version}: ${files.size} files (${[...files.keys()].join(', ')}), ${gappy.length} of them with missing cells, and ${GENERATED} generated tables, ${judged} expectations of ${kinds.size} kinds, ${problems.length} problems`,
)
if (problems.length > 0) process.exitCode = 1
