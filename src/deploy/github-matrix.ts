/** Compiles a pipeline to a workflow of GitHub Actions. */
import type { Json } from '../core/json'
import { arrayOf, checkOptions, nonEmptyString, ofType, wholeNumber } from '../core/options'
import { toYaml } from '../core/yaml-write'
import {
  type CompiledGraph,
  type CompiledStep,
  type CompileOptions,
  compiledGraph,
  compileRules,
  engineNames,
  listOfMaps,
  type PipelineSource,
  refuseBraces,
  refusePrevious,
} from './compile'
import { shellWord } from './shell'

/** Options of {@link githubMatrix}. */
export interface GithubMatrixOptions extends CompileOptions {
  /** Cron expressions, in UTC. @default none: the workflow is started by hand, or by the API */
  readonly schedule?: readonly string[] | undefined
  /** @default 'ubuntu-latest' */
  readonly runsOn?: string | undefined
  /** @default 22 */
  readonly nodeVersion?: number | undefined
  /** Shell commands that prepare the machine of a job, after the checkout. @default ['npm ci'] */
  readonly prepare?: readonly string[] | undefined
  /** Most jobs of a map step at the same time. @default as GitHub allows */
  readonly concurrency?: number | undefined
  /** Whether the jobs cancel an earlier run of the workflow that has not ended. @default false */
  readonly cancelEarlier?: boolean | undefined
}

/**
 * The text of a workflow file: one job a step, a matrix for each map step (GitHub allows 256 jobs in one), outputs as artifacts of the run, scalar
 * parameters as inputs of a run by hand. Conditions, retries, time limits and fallbacks are carried out by the step's command.
 *
 * @throws Unsupported for fallbacks to an earlier run and for compensations; InvalidArgument for bad options
 */
export function githubMatrix(source: PipelineSource, options: GithubMatrixOptions): string {
  checkOptions('githubMatrix', options ?? null, {
    ...compileRules(),
    schedule: arrayOf(nonEmptyString()),
    runsOn: nonEmptyString(),
    nodeVersion: wholeNumber(20),
    prepare: arrayOf(nonEmptyString()),
    concurrency: wholeNumber(1),
    cancelEarlier: ofType('boolean'),
  })
  const graph = compiledGraph('GitHub Actions', source, options)
  refuseBraces('GitHub Actions', graph)
  refusePrevious('GitHub Actions', graph, 'a job sees only the outputs of the jobs of its run')
  const names = engineNames(graph.steps, (name) => name.replace(/[^\w-]/g, '_').replace(/^(?![A-Za-z_])/, '_'))
  const { schedule = [], cancelEarlier = false } = options
  const inputs = Object.fromEntries(Object.entries(options.params ?? {}).flatMap(([name, value]) => inputOf(name, value)))
  return toYaml({
    name: graph.name,
    on: {
      ...(schedule.length === 0 ? {} : { schedule: schedule.map((cron) => ({ cron })) }),
      workflow_dispatch: Object.keys(inputs).length === 0 ? null : { inputs },
    },
    permissions: { contents: 'read' },
    concurrency: { group: graph.name, 'cancel-in-progress': cancelEarlier },
    jobs: Object.fromEntries(graph.steps.map((step) => [names.get(step.name) as string, jobOf(graph, step, names, options)])),
  })
}

function inputOf(name: string, value: Json): [string, Json][] {
  const type = typeof value
  if (type !== 'number' && type !== 'boolean' && type !== 'string') return []
  return [[name, { description: `parameter ${name}`, type, default: value }]]
}

function jobOf(graph: CompiledGraph, step: CompiledStep, names: ReadonlyMap<string, string>, options: GithubMatrixOptions): Json {
  const {
    runsOn = 'ubuntu-latest',
    nodeVersion = 22,
    prepare = ['npm ci'],
    concurrency,
    timeoutMinutes,
  } = { ...options, timeoutMinutes: minutesOf(step) }
  const own = names.get(step.name) as string
  const list = step.over === undefined ? undefined : listOfMaps(graph, step)
  const needs = [...new Set([...step.needs, ...(list === undefined ? [] : [list])])].map((need) => names.get(need) as string)
  const condition = conditionOf(graph, step, list === undefined ? undefined : names.get(list))
  const isRoot = graph.steps.some((each) => each.over !== undefined && listOfMaps(graph, each) === step.name)
  const artifact = `pipeline-${own}${step.over === undefined ? '' : `-${expression('matrix.index')}`}`
  return {
    ...(step.description === undefined ? {} : { name: `${step.name}: ${step.description}` }),
    ...(needs.length === 0 ? {} : { needs }),
    ...(condition === undefined ? {} : { if: condition }),
    'runs-on': runsOn,
    ...(timeoutMinutes === undefined ? {} : { 'timeout-minutes': timeoutMinutes }),
    ...(list === undefined
      ? {}
      : {
          strategy: {
            'fail-fast': true,
            ...(concurrency === undefined ? {} : { 'max-parallel': concurrency }),
            matrix: { index: expression(`fromJSON(needs.${names.get(list)}.outputs.indexes)`) },
          },
        }),
    ...(isRoot ? { outputs: { indexes: expression('steps.step.outputs.indexes') } } : {}),
    steps: [
      { uses: 'actions/checkout@v7', with: { 'persist-credentials': false } },
      { uses: 'actions/setup-node@v7', with: { 'node-version': nodeVersion } },
      ...prepare.map((run) => ({ run })),
      ...(needs.length === 0
        ? []
        : [{ uses: 'actions/download-artifact@v8', with: { pattern: 'pipeline-*', path: 'pipeline-in', 'merge-multiple': true } }]),
      stepOf(step, needs.length > 0, isRoot, options),
      {
        if: expression('always()'),
        uses: 'actions/upload-artifact@v7',
        with: { name: artifact, path: 'pipeline-out', 'retention-days': 7 },
      },
    ],
  }
}

/** An expression of GitHub Actions. */
function expression(text: string): string {
  return `$\{{ ${text} }}`
}

/** When a job starts; undefined for GitHub's default: when all that it needs succeeded. */
function conditionOf(graph: CompiledGraph, { trigger, needs }: CompiledStep, list: string | undefined): string | undefined {
  if (trigger === 'always') return expression('always()')
  if (trigger === 'one-failed' || trigger === 'all-done') return expression('!cancelled()')
  // A matrix of an empty list is an error to GitHub, so its job is skipped, and what needs it must start after skips.
  const maps = trigger === 'none-failed' || needs.some((need) => graph.steps.find(({ name }) => name === need)?.over !== undefined)
  const started = maps ? '!failure() && !cancelled()' : 'success()'
  if (list !== undefined) return expression(`${started} && needs.${list}.outputs.indexes != '[]'`)
  return maps ? expression(started) : undefined
}

function stepOf(step: CompiledStep, hasNeeds: boolean, isRoot: boolean, options: GithubMatrixOptions): Json {
  const { command, seed = 0, input, environment = {}, params = {} } = options
  const words = [...command, '--step', step.name, '--run', 'github', '--seed', String(seed), '--missing', 'infer'].map(shellWord)
  const line = [
    ...words,
    ...(step.over === undefined ? [] : ['--index', '"$INDEX"']),
    ...(hasNeeds ? ['--in', 'pipeline-in'] : []),
    ...['--out', 'pipeline-out', '--params', '"$INPUTS"'],
    ...(isRoot ? ['--indexes', 'indexes.json'] : []),
  ].join(' ')
  const secrets = Object.fromEntries((step.secrets ?? []).map((secret) => [secret, expression(`secrets.${secret}`)]))
  return {
    id: 'step',
    run: isRoot ? `${line}\necho "indexes=$(cat indexes.json)" >> "$GITHUB_OUTPUT"` : line,
    // Values reach the shell through the environment, never through the text of the script.
    env: {
      ...environment,
      ...(Object.keys(params).length === 0 ? {} : { MILLWRIGHT_PARAMS: JSON.stringify(params) }),
      ...(input === undefined ? {} : { MILLWRIGHT_INPUT: JSON.stringify(input) }),
      ...secrets,
      ...(step.over === undefined ? {} : { INDEX: expression('matrix.index') }),
      INPUTS: expression('toJSON(inputs)'),
    },
  }
}

function minutesOf({ timeoutMs, attempts }: CompiledStep): number | undefined {
  return timeoutMs === undefined ? undefined : Math.ceil((timeoutMs * attempts) / 60_000) + 5
}
