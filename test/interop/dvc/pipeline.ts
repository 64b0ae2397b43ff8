/** `dvc repro` runs a pipeline that we compiled to `dvc.yaml`: the same outputs as in this process, and what changed is all that runs again. */
import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { bundle } from '../../../scripts/run.mjs'
import { memoryStorage } from '../../../src/adapters/memory/memory-storage'
import { dvcYaml } from '../../../src/deploy'
import { penguinDigests, penguinPipeline } from '../../support/penguin-pipeline'
import { base, call, fresh, put, removeAll } from './_project'

const read = (): string => readFileSync('examples/data/penguins.csv', 'utf8')
mkdirSync('node_modules/.millwright', { recursive: true })
/** Below `node_modules`, so that the bundled step finds this repository's packages. */
const programs = mkdtempSync(resolve('node_modules/.millwright/dvc-'))

function digestsIn(root: string, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.map((name) => [name, JSON.parse(readFileSync(join(root, 'pipeline', name, 'steps', `${name}.json`), 'utf8')).digest]),
  )
}
/** The stages that `dvc repro` ran. */
const ran = (output: string): string[] => [...output.matchAll(/Running stage '([^']+)'/g)].map(([, name]) => name as string)

try {
  const step = join(programs, 'step.mjs')
  await bundle('test/interop/dvc/_pipeline-step.ts', step)
  const root = fresh('pipeline')
  call(root, 'dvc', 'init', '-q')
  copyFileSync('examples/data/penguins.csv', join(root, 'penguins.csv'))
  const pipeline = penguinPipeline({ read })
  const options = { command: [process.execPath, step], stepDeps: { read: ['penguins.csv'] }, params: { trees: 5, test_share: 0.25 } }
  put(root, { ...dvcYaml(pipeline, options) })
  const names = pipeline.graph().nodes.map(({ name }) => name)
  assert.deepEqual(ran(call(root, 'dvc', 'repro')).sort(), [...names].sort())
  assert.deepEqual(digestsIn(root, names), await penguinDigests({ storage: memoryStorage(), read }))
  assert.match(call(root, 'dvc', 'dag', '--mermaid'), /flowchart/)
  assert.match(call(root, 'dvc', 'repro'), /Data and pipelines are up to date/)

  // One changed parameter: what reads it, and what depends on that.
  put(root, { 'params.yaml': dvcYaml(pipeline, { ...options, params: { trees: 1, test_share: 0.25 } })['params.yaml'] })
  assert.deepEqual(ran(call(root, 'dvc', 'repro')), ['fit', 'best', 'report'])
  const changed = await penguinPipeline({ read, storage: memoryStorage() }).run({ params: { trees: 1 } })
  assert.equal(digestsIn(root, ['report']).report, changed.steps.report.digest)
  // A change that alters nothing: the stage runs again, its folder is the same, and what comes after it is left alone.
  writeFileSync(join(root, 'penguins.csv'), read().replace(/\n$/, '\n\n'))
  assert.deepEqual(ran(call(root, 'dvc', 'repro')), ['read', 'clean'])
  assert.equal(call(root, 'dvc', 'status', '--json').trim(), '{}')
  console.log(`dvc ${call(base, 'dvc', '--version').trim()}: ${names.length} compiled stages reproduced to the digests of this process`)
} finally {
  removeAll()
  rmSync(programs, { recursive: true, force: true })
}
