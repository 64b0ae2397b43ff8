/** Workflows of Argo and GitHub Actions that we compiled: right by their schemas; GitHub's jobs, run here, give the outputs of this process. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { bundle } from '../../../scripts/run.mjs'
import { memoryStorage } from '../../../src/adapters/memory/memory-storage'
import { parseYaml } from '../../../src/core/yaml-read'
import { argoWorkflow, githubMatrix } from '../../../src/deploy'
import { penguinDigests, penguinPipeline } from '../../support/penguin-pipeline'
import { rulesPipeline } from '../airflow/_rules'
import { chainedPipeline } from '../kfp/_chained'
import { runWorkflow } from './_github'

const read = (): string => readFileSync('examples/data/penguins.csv', 'utf8')
const bin = resolve('.venvs/workflows/bin')
mkdirSync('node_modules/.millwright', { recursive: true })
/** Below `node_modules`, so that the bundled step finds this repository's packages. */
const base = mkdtempSync(resolve('node_modules/.millwright/workflows-'))

function write(name: string, text: string): string {
  const path = join(base, name)
  writeFileSync(path, text)
  return path
}
function call(program: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(join(bin, program), args, { encoding: 'utf8' })
  assert.equal(status, 0, `${stdout}${stderr}`)
  return stdout
}
function results(folder: string): Record<string, { status: string; digest?: string }> {
  const files = readdirSync(join(folder, 'steps')).filter((file) => file.endsWith('.json'))
  return Object.fromEntries(files.map((file) => [file.slice(0, -5), JSON.parse(readFileSync(join(folder, 'steps', file), 'utf8'))]))
}

const step = join(base, 'step.mjs')
const command = [process.execPath, step]
const params = { trees: 5, test_share: 0.25 }
const chainedParams = { from: 3, rate: 0.5, word: 'a "b"\n☃', loud: true, list: ['x'], deep: { a: 1.5 } }

function argo(): void {
  const files = [
    write(
      'penguins.argo.yaml',
      argoWorkflow(penguinPipeline({ read }), {
        command,
        image: 'node:22',
        params,
        environment: { A: 'b' },
        concurrency: 4,
        namespace: 'ml',
        serviceAccountName: 'runner',
      }),
    ),
    write(
      'rules.argo.yaml',
      argoWorkflow(rulesPipeline(), {
        command,
        image: 'node:22',
        secretName: 'tokens',
        schedule: '0 3 * * *',
        timeZone: 'Europe/Paris',
        input: { a: 1 },
      }),
    ),
    write('chained.argo.yaml', argoWorkflow(chainedPipeline(), { command, image: 'node:22', secretName: 'tokens', params: chainedParams })),
  ]
  const said = call('python', 'test/interop/workflows/argo.py', ...files)
  assert.deepEqual(said.trim().split('\n'), ['WorkflowTemplate penguins', 'CronWorkflow rules', 'WorkflowTemplate chained-one'])
}

async function github(): Promise<void> {
  const environment = { PENGUINS: resolve('examples/data/penguins.csv'), PIPELINE: 'penguins' }
  const penguins = githubMatrix(penguinPipeline({ read }), { command, params, environment, schedule: ['0 3 * * *'], concurrency: 5 })
  const rules = githubMatrix(rulesPipeline(), { command, params: { broken: false } })
  const chained = githubMatrix(chainedPipeline(), { command, params: chainedParams })
  const files = [write('penguins.yml', penguins), write('rules.yml', rules), write('chained.yml', chained)]
  call('check-jsonschema', '--builtin-schema', 'vendor.github-workflows', ...files)

  const ended = runWorkflow(join(base, 'penguins'), (parseYaml(penguins, 'penguins') as { jobs: never }).jobs, params, {})
  assert.deepEqual(new Set(Object.values(ended)), new Set(['success']))
  const digests = Object.fromEntries(Object.entries(results(join(base, 'penguins/artifacts'))).map(([name, { digest }]) => [name, digest]))
  const here = await penguinDigests({ storage: memoryStorage(), read })
  assert.deepEqual(digests, here)

  const secrets = { TOKEN: 'a secret {{ token }}' }
  for (const broken of [false, true]) {
    const root = join(base, `rules-${broken}`)
    const jobs = runWorkflow(root, (parseYaml(rules, 'rules') as { jobs: never }).jobs, { broken }, secrets)
    assert.equal(Object.values(jobs).includes('failure'), broken)
    const { steps } = await rulesPipeline(memoryStorage()).run({ params: { broken }, secrets, throwOnFailure: false })
    const there = results(join(root, 'artifacts'))
    for (const [name, { status, digest }] of Object.entries(steps)) {
      // GitHub does not start what comes after a failed job; such a step has no record.
      if (there[name] === undefined) assert.equal(status, 'skipped', name)
      else assert.deepEqual([name, there[name].status, there[name].digest], [name, status, digest])
    }
  }
}

try {
  await bundle('test/interop/workflows/_step.ts', step)
  argo()
  await github()
  console.log(
    'three pipelines as workflows of Argo and GitHub Actions: right by their schemas; the jobs ran to the digests of this process',
  )
} finally {
  rmSync(base, { recursive: true, force: true })
}
