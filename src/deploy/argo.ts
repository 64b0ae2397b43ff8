/** Compiles a pipeline to a workflow of Argo. */
import { invalidArgument } from '../core/errors'
import type { Json } from '../core/json'
import { checkOptions, nonEmptyString, wholeNumber } from '../core/options'
import { toYaml } from '../core/yaml-write'
import {
  type CompiledGraph,
  type CompiledStep,
  type CompileOptions,
  cannotExpress,
  compiledGraph,
  compileRules,
  dnsLabel,
  engineNames,
  listOfMaps,
  type PipelineSource,
  refuseBraces,
} from './compile'

/** Options of {@link argoWorkflow}. */
export interface ArgoOptions extends CompileOptions {
  /** The container image that holds the step's command. */
  readonly image: string
  /** @default the name of the pipeline in lower-case letters, digits and hyphens */
  readonly name?: string | undefined
  readonly namespace?: string | undefined
  /** A cron expression: the file is then a CronWorkflow. @default none: a WorkflowTemplate, to be submitted */
  readonly schedule?: string | undefined
  /** IANA time zone of the schedule. @default that of the cluster */
  readonly timeZone?: string | undefined
  /** Most pods of a run at the same time. @default as Argo is configured */
  readonly concurrency?: number | undefined
  /** The Kubernetes Secret whose keys are the names of the secrets. Needed when a step reads one. */
  readonly secretName?: string | undefined
  readonly serviceAccountName?: string | undefined
}

/** Where a step writes the positions of its list, for the loop over it. */
const indexesFile = '/tmp/millwright/indexes.json'

/**
 * The text of a WorkflowTemplate (or, with a schedule, a CronWorkflow): one container template and one task a step, a loop for each map step,
 * Argo's own retries and deadlines. Results meet in the storage that the step's command opens, so it must be shared, such as S3.
 *
 * Parameters of the workflow are JSON: a text is written with its quotes. Conditions and fallbacks are carried out by the step's command.
 *
 * @throws Unsupported for compensations, and for secrets without `secretName`; InvalidArgument for bad options
 */
export function argoWorkflow(source: PipelineSource, options: ArgoOptions): string {
  checkOptions('argoWorkflow', options ?? null, {
    ...compileRules(),
    image: nonEmptyString(),
    name: {
      allowed: 'lower-case letters, digits and hyphens',
      test: (value) => typeof value === 'string' && /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(value),
    },
    namespace: nonEmptyString(),
    schedule: nonEmptyString(),
    timeZone: nonEmptyString(),
    concurrency: wholeNumber(1),
    secretName: nonEmptyString(),
    serviceAccountName: nonEmptyString(),
  })
  if (options.image === undefined) throw invalidArgument('argoWorkflow needs `image`, the container image that holds the step’s command')
  const graph = compiledGraph('Argo Workflows', source, options)
  refuseBraces('Argo Workflows', graph)
  const secret = graph.steps.find(({ secrets = [] }) => secrets.length > 0)
  if (secret !== undefined && options.secretName === undefined) {
    throw cannotExpress(
      'Argo Workflows',
      graph.name,
      secret.name,
      'reads secrets',
      'they must be in a Kubernetes Secret, named by the option `secretName`',
    )
  }
  const names = engineNames(graph.steps, dnsLabel)
  const { schedule, timeZone, namespace, name = dnsLabel(graph.name) } = options
  const spec = workflowSpec(graph, names, options)
  return toYaml({
    apiVersion: 'argoproj.io/v1alpha1',
    kind: schedule === undefined ? 'WorkflowTemplate' : 'CronWorkflow',
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      labels: { 'app.kubernetes.io/name': name, 'app.kubernetes.io/managed-by': 'millwright' },
    },
    spec:
      schedule === undefined
        ? spec
        : {
            schedules: [schedule],
            ...(timeZone === undefined ? {} : { timezone: timeZone }),
            concurrencyPolicy: 'Forbid',
            workflowSpec: spec,
          },
  })
}

function workflowSpec(graph: CompiledGraph, names: ReadonlyMap<string, string>, options: ArgoOptions): Record<string, Json> {
  const { params = {}, concurrency, serviceAccountName } = options
  const main = dagName(names)
  // With failures ahead of steps that run after them, the run goes on; as targets, all tasks count for its result.
  const goesOn = graph.steps.some(runsAfterFailure)
  return {
    entrypoint: main,
    ...(serviceAccountName === undefined ? {} : { serviceAccountName }),
    ...(concurrency === undefined ? {} : { parallelism: concurrency }),
    ...(Object.keys(params).length === 0
      ? {}
      : { arguments: { parameters: Object.entries(params).map(([name, value]) => ({ name, value: JSON.stringify(value) })) } }),
    templates: [
      {
        name: main,
        dag: {
          ...(goesOn ? { failFast: false, target: [...names.values()].join(' ') } : {}),
          tasks: graph.steps.map((step) => taskOf(graph, step, names)),
        },
      },
      ...graph.steps.map((step) => templateOf(graph, step, names, options)),
    ],
  }
}

function dagName(names: ReadonlyMap<string, string>): string {
  const taken = [...names.values()]
  return taken.includes('pipeline') ? 'pipeline-dag' : 'pipeline'
}

function runsAfterFailure({ trigger }: CompiledStep): boolean {
  return trigger === 'one-failed' || trigger === 'all-done' || trigger === 'always'
}

function taskOf(graph: CompiledGraph, step: CompiledStep, names: ReadonlyMap<string, string>): Json {
  const name = names.get(step.name) as string
  const after = runsAfterFailure(step)
  const states = (need: string): string[] => {
    if (after) return ['Succeeded', 'Failed', 'Errored', 'Skipped', 'Omitted']
    // The loop over an empty list is skipped.
    return graph.steps.find((each) => each.name === need)?.over === undefined ? ['Succeeded'] : ['Succeeded', 'Skipped']
  }
  const list = step.over === undefined ? undefined : listOfMaps(graph, step)
  const needs = [...new Set([...step.needs, ...(list === undefined ? [] : [list])])]
  const depends = needs.map((need) => {
    const terms = states(need).map((state) => `${names.get(need)}.${state}`)
    return terms.length === 1 ? terms[0] : `(${terms.join(' || ')})`
  })
  return {
    name,
    template: name,
    ...(depends.length === 0 ? {} : { depends: depends.join(' && ') }),
    ...(list === undefined
      ? {}
      : {
          arguments: { parameters: [{ name: 'index', value: '{{item}}' }] },
          withParam: `{{tasks.${names.get(list)}.outputs.parameters.indexes}}`,
        }),
  }
}

function templateOf(graph: CompiledGraph, step: CompiledStep, names: ReadonlyMap<string, string>, options: ArgoOptions): Json {
  const { command, image, seed = 0, input, environment = {}, params = {}, secretName } = options
  const isRoot = graph.steps.some((each) => each.over !== undefined && listOfMaps(graph, each) === step.name)
  const { attempts, backoff, timeoutMs, secrets = [], over } = step
  const env: Json[] = [
    ...Object.entries({ ...environment, ...(input === undefined ? {} : { MILLWRIGHT_INPUT: JSON.stringify(input) }) }).map(
      ([name, value]) => ({ name, value }),
    ),
    ...secrets.map((secret) => ({ name: secret, valueFrom: { secretKeyRef: { name: secretName as string, key: secret } } })),
  ]
  return {
    name: names.get(step.name) as string,
    ...(step.description === undefined ? {} : { metadata: { annotations: { 'workflows.argoproj.io/description': step.description } } }),
    ...(over === undefined ? {} : { inputs: { parameters: [{ name: 'index' }] } }),
    ...(isRoot ? { outputs: { parameters: [{ name: 'indexes', valueFrom: { path: indexesFile } }] } } : {}),
    ...(attempts === 1 || backoff === undefined
      ? {}
      : {
          retryStrategy: {
            limit: String(attempts - 1),
            retryPolicy: 'Always',
            // 1: another attempt would fail in the same way; 2: wrong arguments.
            expression: 'asInt(lastRetry.exitCode) != 1 && asInt(lastRetry.exitCode) != 2',
            backoff: { duration: `${backoff.baseMs}ms`, factor: String(backoff.factor) },
          },
        }),
    ...(timeoutMs === undefined ? {} : { activeDeadlineSeconds: Math.ceil(timeoutMs / 1000) + 60 }),
    container: {
      image,
      command: [...command],
      args: [
        ...['--step', step.name, '--run', '{{workflow.name}}', '--seed', String(seed), '--missing', 'infer'],
        ...(over === undefined ? [] : ['--index', '{{inputs.parameters.index}}']),
        ...(attempts === 1 ? [] : ['--retry', '{{retries}}']),
        ...(isRoot ? ['--indexes', indexesFile] : []),
        ...Object.keys(params).flatMap((name) => ['--param', `${name}={{workflow.parameters.${name}}}`]),
      ],
      ...(env.length === 0 ? {} : { env }),
    },
  }
}
