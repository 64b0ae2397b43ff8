/** The kfp SDK loads pipelines that we compiled and runs them on this machine: the same outputs as in this process. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { bundle } from '../../../scripts/run.mjs'
import { memoryStorage } from '../../../src/adapters/memory/memory-storage'
import { kubeflowPipeline } from '../../../src/deploy'
import { penguinDigests, penguinPipeline } from '../../support/penguin-pipeline'
import { chainedPipeline } from './_chained'

const read = (): string => readFileSync('examples/data/penguins.csv', 'utf8')
mkdirSync('node_modules/.millwright', { recursive: true })
/** Below `node_modules`, so that the bundled step finds this repository's packages. */
const base = mkdtempSync(resolve('node_modules/.millwright/kfp-'))

function run(name: string, text: string, args: object): Record<string, { digest?: string; status: string }> {
  const root = join(base, name)
  writeFileSync(`${root}.yaml`, text)
  const { status, stdout, stderr } = spawnSync(
    resolve('.venvs/kfp/bin/python'),
    [resolve('test/interop/kfp/run_local.py'), `${root}.yaml`, root, JSON.stringify(args)],
    {
      encoding: 'utf8',
      env: { ...process.env, TOKEN: 'a-secret-token' },
      maxBuffer: 1 << 28,
    },
  )
  assert.equal(status, 0, `${stdout}${stderr}`)
  // The results lie in the artifacts: steps/<step>.json, written by the step itself or by one that put the items of a map step together.
  const results: Record<string, { digest?: string; status: string }> = {}
  for (const file of readdirSync(root, { recursive: true, encoding: 'utf8' })) {
    const found = /steps\/([^/]+)\.json$/.exec(file)
    if (found !== null) results[found[1] as string] = JSON.parse(readFileSync(join(root, file), 'utf8'))
  }
  return results
}

try {
  const step = join(base, 'step.mjs')
  await bundle('test/interop/kfp/_step.ts', step)
  const command = [process.execPath, step]
  const data = resolve('examples/data/penguins.csv')
  const penguins = kubeflowPipeline(penguinPipeline({ read }), {
    command,
    image: 'node:22',
    environment: { PENGUINS: data, PIPELINE: 'penguins' },
    params: { trees: 5, test_share: 0.25 },
  })
  const results = run('penguins', penguins, {})
  const digests = Object.fromEntries(Object.entries(results).map(([name, { digest }]) => [name, digest]))
  const here = await penguinDigests({ storage: memoryStorage(), read })
  assert.deepEqual(Object.fromEntries(Object.keys(here).map((name) => [name, digests[name]])), here)
  assert.equal(results.prices?.status, 'fallback')
  const other = run('penguins-other', penguins, { trees: 1 })
  const changed = await penguinPipeline({ read, storage: memoryStorage() }).run({ params: { trees: 1 } })
  assert.equal(other.report?.digest, changed.steps.report.digest)

  const params = { from: 3, rate: 0.5, word: 'a {{x}} "b"\n☃', loud: true, list: ['x', '1'], deep: { a: 1.5 } }
  const text = kubeflowPipeline(chainedPipeline(), { command, image: 'node:22', secretName: 'tokens', params })
  const chained = run('chained', text, { from: 5 })
  const same = await chainedPipeline({ storage: memoryStorage() }).run({
    params: { ...params, from: 5 },
    secrets: { TOKEN: 'a-secret-token' },
  })
  for (const [name, { digest, status }] of Object.entries(same.steps))
    assert.deepEqual([name, chained[name]?.status, chained[name]?.digest], [name, status, digest])
  console.log(
    `kfp 2.17.3: ${Object.keys(here).length} and ${Object.keys(same.steps).length} compiled steps ran to the digests of this process`,
  )
} finally {
  rmSync(base, { recursive: true, force: true })
}
