/** A GitHub Actions workflow that tests a model repository, trains and gates the model, and builds the image. */
import { checkOptions, nonEmptyString, ofType } from '../core/options'
import { toYaml } from '../core/yaml-write'
import { type DeployService, type FileSet, generatedBy, type ResolvedService, resolveService } from './service'

/** Options of {@link githubWorkflow}. */
export interface GithubWorkflowOptions {
  /** @default 'main' */
  readonly branch?: string | undefined
  /** The command that trains, and exits with another status than 0 when the gate refuses the model. @default 'npm start' */
  readonly train?: string | undefined
  /** @default 'npm test' */
  readonly test?: string | undefined
  /** Versions of Node for the tests. @default [22, 24] */
  readonly nodeVersions?: readonly number[] | undefined
  /** Pushes the image to ghcr.io with provenance, from the branch only. @default true */
  readonly push?: boolean | undefined
  /** Action → the full commit of its release, which pins it: `{ 'actions/checkout': '8f4b…' }`. @default the major version, as a tag */
  readonly pins?: Readonly<Record<string, string>> | undefined
}

/** Major versions of the actions, as of 2026. */
const majors: Readonly<Record<string, string>> = {
  'actions/checkout': 'v7',
  'actions/setup-node': 'v7',
  'actions/upload-artifact': 'v7',
  'actions/download-artifact': 'v8',
  'actions/attest-build-provenance': 'v4',
  'docker/setup-buildx-action': 'v4',
  'docker/login-action': 'v4',
  'docker/build-push-action': 'v7',
}

/**
 * `.github/workflows/model.yml` with three jobs: `test`, on every version of Node; `model`, which trains and lets a gate decide; `image`, which builds the
 * image with the model of that run and pushes it by digest. Permissions are the least that each job needs.
 *
 * @throws InvalidArgument
 */
export function githubWorkflow(service: DeployService, options: GithubWorkflowOptions = {}): FileSet {
  const resolved = resolveService('githubWorkflow', service)
  checkOptions('githubWorkflow', options, {
    branch: nonEmptyString(),
    train: nonEmptyString(),
    test: nonEmptyString(),
    nodeVersions: {
      allowed: 'an array of versions',
      test: (value) => Array.isArray(value) && value.length > 0 && value.every(Number.isInteger),
    },
    push: ofType('boolean'),
    pins: ofType('object'),
  })
  const { branch = 'main', train = 'npm start', test = 'npm test', nodeVersions = [22, 24], push = true, pins = {} } = options
  const uses = (action: string): string => `${action}@${pins[action] ?? majors[action]}`
  const checkout = { uses: uses('actions/checkout'), with: { 'persist-credentials': false } }
  const setup = (version: string) => [
    checkout,
    { uses: uses('actions/setup-node'), with: { 'node-version': version, cache: 'npm' } },
    { run: 'npm ci' },
  ]
  const { models, node } = resolved
  const workflow = {
    name: 'model',
    on: { push: { branches: [branch] }, pull_request: { branches: [branch] } },
    permissions: {},
    concurrency: { group: `model-\${{ github.ref }}`, 'cancel-in-progress': true },
    env: { ONNXRUNTIME_NODE_INSTALL: 'skip' },
    jobs: {
      test: {
        'runs-on': 'ubuntu-latest',
        'timeout-minutes': 20,
        permissions: { contents: 'read' },
        strategy: { 'fail-fast': false, matrix: { node: nodeVersions } },
        // biome-ignore lint/suspicious/noTemplateCurlyInString: an expression of GitHub
        steps: [...setup('${{ matrix.node }}'), { run: test }],
      },
      model: {
        needs: 'test',
        'runs-on': 'ubuntu-latest',
        'timeout-minutes': 60,
        permissions: { contents: 'read' },
        steps: [
          ...setup(node),
          { name: 'Train, evaluate and gate', run: train },
          { uses: uses('actions/upload-artifact'), with: { name: 'models', path: models, 'if-no-files-found': 'error' } },
        ],
      },
      image: imageJob(resolved, { uses, checkout, branch, push }),
    },
  }
  return { '.github/workflows/model.yml': generatedBy('Tests, trains, gates and builds') + toYaml(workflow) }
}

interface ImageContext {
  readonly uses: (action: string) => string
  readonly checkout: { readonly uses: string; readonly with: { readonly 'persist-credentials': boolean } }
  readonly branch: string
  readonly push: boolean
}

function imageJob({ models, image }: ResolvedService, { uses, checkout, branch, push }: ImageContext) {
  const isPushed = `github.event_name == 'push' && github.ref == 'refs/heads/${branch}'`
  const name = image.includes('/') ? image : `ghcr.io/\${{ github.repository_owner }}/${image}`
  const login = {
    if: isPushed,
    uses: uses('docker/login-action'),
    // biome-ignore lint/suspicious/noTemplateCurlyInString: expressions of GitHub
    with: { registry: 'ghcr.io', username: '${{ github.actor }}', password: '${{ secrets.GITHUB_TOKEN }}' },
  }
  const attest = {
    if: isPushed,
    uses: uses('actions/attest-build-provenance'),
    // biome-ignore lint/suspicious/noTemplateCurlyInString: an expression of GitHub
    with: { 'subject-name': name, 'subject-digest': '${{ steps.build.outputs.digest }}', 'push-to-registry': true },
  }
  return {
    needs: 'model',
    'runs-on': 'ubuntu-latest',
    'timeout-minutes': 30,
    permissions: push ? { contents: 'read', packages: 'write', 'id-token': 'write', attestations: 'write' } : { contents: 'read' },
    steps: [
      checkout,
      { uses: uses('actions/download-artifact'), with: { name: 'models', path: models } },
      { uses: uses('docker/setup-buildx-action') },
      ...(push ? [login] : []),
      {
        id: 'build',
        uses: uses('docker/build-push-action'),
        with: {
          context: '.',
          push: push ? `\${{ ${isPushed} }}` : false,
          tags: `${name}:\${{ github.sha }}`,
          sbom: true,
          provenance: 'mode=max',
          'cache-from': 'type=gha',
          'cache-to': 'type=gha,mode=max',
        },
      },
      ...(push ? [attest] : []),
    ],
  }
}
