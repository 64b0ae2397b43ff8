/** Every metric against scikit-learn on generated cases, with ties and weights. `--golden` pins some of them in test/golden/metrics-sklearn.json. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Answers, differences, type MetricCase, metricCases, ourAnswers } from './_metric_cases'

const python = process.env.MILLWRIGHT_SKLEARN ?? '.venvs/sklearn/bin/python'
const seed = Number(process.env.MILLWRIGHT_SEED ?? 15)

if (process.argv.includes('--golden')) {
  const cases = metricCases(30, 1)
  const { versions, answers } = ask(cases)
  const lines = cases.map((given, i) => JSON.stringify({ given, answers: answers[i] }))
  writeFileSync('test/golden/metrics-sklearn.json', `{"versions":${JSON.stringify(versions)},"cases":[\n${lines.join(',\n')}\n]}\n`)
} else compare()

function compare(): void {
  const cases = metricCases(1000, seed)
  const { versions, answers } = ask(cases)
  let worst = 0
  let values = 0
  const wrong = cases.flatMap((given, i) => {
    const theirs = numbersOf(answers[i] as Answers)
    const found = differences(ourAnswers(given), theirs)
    worst = Math.max(worst, found.worst)
    values += Object.values(theirs).reduce((sum, list) => sum + list.length, 0)
    return found.wrong.map((line) => `case ${i} (${given.kind}${'weights' in given ? ', weighted' : ''}): ${line}`)
  })
  for (const line of wrong.slice(0, 40)) console.log(line)
  const count = `${cases.length} cases, ${values} values, largest relative difference ${worst.toExponential(1)}`
  console.log(`${JSON.stringify(versions)}: ${count}, ${wrong.length} differ by more than 1e-12`)
  if (wrong.length > 0) process.exitCode = 1
}

/** `NaN` and infinities come as text. */
function numbersOf(answers: Answers): Answers {
  const number = (value: unknown): number => (value === 'inf' ? Number.POSITIVE_INFINITY : Number(value))
  return Object.fromEntries(Object.entries(answers).map(([name, list]) => [name, list.map(number)]))
}

function ask(cases: readonly MetricCase[]): { versions: Record<string, string>; answers: Answers[] } {
  const folder = mkdtempSync(join(tmpdir(), 'millwright-metrics-'))
  const file = join(folder, 'cases.json')
  writeFileSync(file, JSON.stringify(cases))
  const { stdout, stderr, status } = spawnSync(python, ['test/interop/sklearn/metrics.py', file], { encoding: 'utf8', maxBuffer: 2 ** 28 })
  rmSync(folder, { recursive: true, force: true })
  if (status !== 0) throw new Error(`${python} ended with ${status}: ${stderr}`)
  return JSON.parse(stdout)
}
