/** All expectations against Great Expectations on pandas: prints what differs, and fails if anything does. `--golden` pins the answers. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadJsonSchema } from '../../../src/quality'
import { allCases, caseTables } from './_cases'
import { type Answer, caseTable, differenceOf, knownDifference } from './_difference'

const python = process.env.MILLWRIGHT_GX ?? '.venvs/gx/bin/python'
const folder = mkdtempSync(join(tmpdir(), 'millwright-gx-'))
const [tables, cases] = [caseTables(), allCases()]
writeFileSync(join(folder, 'cases.json'), JSON.stringify({ tables, cases }))
const { stdout, stderr, status } = spawnSync(python, ['test/interop/gx/judge.py', join(folder, 'cases.json')], {
  encoding: 'utf8',
  maxBuffer: 2 ** 28,
})
rmSync(folder, { recursive: true, force: true })
if (status !== 0) throw new Error(`${python} ended with ${status}: ${stderr}`)
const { versions, answers } = JSON.parse(stdout) as { versions: Record<string, string>; answers: Answer[] }

const byName = Object.fromEntries(Object.entries(tables).map(([name, columns]) => [name, caseTable(columns)]))
const context = { tables: byName, jsonSchema: await loadJsonSchema() }
const reasons = new Map<string, number>()
const differences = cases.flatMap((item, i) => {
  const difference = differenceOf(byName[item.table] as ReturnType<typeof caseTable>, item, answers[i] as Answer, context)
  if (difference === undefined) return []
  const known = knownDifference(item)
  if (known !== undefined) reasons.set(known, (reasons.get(known) ?? 0) + 1)
  return known !== undefined ? [] : [`${item.table} ${item.type} ${JSON.stringify(item.kwargs)}\n    ${difference}`]
})
for (const difference of differences) console.log(difference)
for (const [reason, count] of reasons) console.log(`on purpose, ${count} times: ${reason}`)
console.log(`${JSON.stringify(versions)}: ${cases.length} expectations judged, ${differences.length} differ`)
if (process.argv.includes('--golden')) {
  // Row numbers are left out to keep the file small; the words of errors are those of another library.
  const lines = cases.map((item, i) => {
    const { unexpected_index_list: _, error, ...answer } = answers[i] as Answer
    return JSON.stringify([item.table, item.type, item.kwargs, error === undefined ? answer : { error: 'raised' }])
  })
  const text = `{"versions":${JSON.stringify(versions)},\n"tables":${JSON.stringify(tables)},\n"cases":[\n${lines.join(',\n')}\n]}\n`
  writeFileSync('test/golden/quality-gx.json', text)
}
if (differences.length > 0) process.exitCode = 1
