/** The DAG of the guide "Coming from Airflow" runs in the real Airflow to what the pipeline beside it gives. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { dagsTest, migrate, removeAll, writeDag } from './_airflow'

const page = readFileSync('docs/guide/coming-from-airflow.md', 'utf8')
const text = /^```py\n([\s\S]*?)^```/m.exec(page)?.[1]
assert.ok(text, 'the guide shows a DAG')

try {
  const version = migrate()
  // A `@dag` function registers its DAG when it is called; the name is for the check of the file.
  writeDag('train', text.replace(/^train\(\)$/m, 'dag = train()'))
  for (const [conf, best] of [
    [{}, '2026-02'],
    [{ depth: 7 }, '2026-02'],
  ] as const) {
    const { state, log } = dagsTest('train', '--conf', JSON.stringify(conf))
    assert.equal(state, 'success', log)
    assert.match(log, new RegExp(`Returned value was: ${best}`))
  }
  console.log(`Airflow ${version}: the DAG of the guide gives what the guide says`)
} finally {
  removeAll()
}
