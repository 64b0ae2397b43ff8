/** Compiles a pipeline to the intermediate representation of Kubeflow Pipelines 2. */
import { invalidArgument, show } from '../core/errors'
import type { Json } from '../core/json'
import { checkOptions, nonEmptyString } from '../core/options'
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
  refuseAfterFailure,
  refuseBraces,
  refusePrevious,
} from './compile'

/** Options of {@link kubeflowPipeline}. */
export interface KubeflowOptions extends CompileOptions {
  /** The container image that holds the step's command. */
  readonly image: string
  /** Lower-case letters, digits and hyphens. @default the name of the pipeline in that form */
  readonly name?: string | undefined
  readonly description?: string | undefined
  /** The Kubernetes Secret whose keys are the names of the secrets. Needed when a step reads one. */
  readonly secretName?: string | undefined
}

const artifact = { artifactType: { schemaTitle: 'system.Artifact', schemaVersion: '0.0.1' } }

/**
 * The text of a pipeline file, for `kfp` or the page of Kubeflow: one task a step, a parallel loop for each map step, outputs as artifacts,
 * parameters with types and defaults. A second document names the Secret when steps read secrets.
 *
 * Conditions, retries, time limits and fallbacks are carried out by the step's command, since Kubeflow does not tell a container which attempt
 * it makes. `cache` of a step switches Kubeflow's own cache on, which knows inputs by name and the image by its tag.
 *
 * @throws Unsupported for steps that run after a failure, for fallbacks to an earlier run, for compensations, and for parameters without a value
 */
export function kubeflowPipeline(source: PipelineSource, options: KubeflowOptions): string {
  checkOptions('kubeflowPipeline', options ?? null, {
    ...compileRules(),
    image: nonEmptyString(),
    name: {
      allowed: 'lower-case letters, digits and hyphens',
      test: (value) => typeof value === 'string' && /^[a-z0-9][a-z0-9-]{0,127}$/.test(value),
    },
    description: nonEmptyString(),
    secretName: nonEmptyString(),
  })
  if (options.image === undefined)
    throw invalidArgument('kubeflowPipeline needs `image`, the container image that holds the step’s command')
  const graph = compiledGraph('Kubeflow Pipelines', source, options)
  const engine = 'Kubeflow Pipelines'
  refuseAfterFailure(engine, graph, 'a task whose inputs are missing does not start')
  refusePrevious(engine, graph, 'a task sees only the outputs of the tasks before it')
  const secret = graph.steps.find(({ secrets = [] }) => secrets.length > 0)
  if (secret !== undefined && options.secretName === undefined) {
    throw cannotExpress(
      engine,
      graph.name,
      secret.name,
      'reads secrets',
      'they must be in a Kubernetes Secret, named by the option `secretName`',
    )
  }
  refuseBraces(engine, graph)
  const names = engineNames(graph.steps, dnsLabel)
  const own = options.name ?? dnsLabel(graph.name)
  // A task of the pipeline's own name would be taken for the whole by the kfp SDK.
  const name = [...names.values()].includes(own) ? `${own}-pipeline` : own
  const plan = { graph, names, options, types: parameterTypes(graph, options) }
  const spec: Record<string, Json> = {
    components: Object.fromEntries(graph.steps.flatMap((step) => componentsOf(plan, step))),
    deploymentSpec: { executors: Object.fromEntries(graph.steps.map((step) => [`exec-${names.get(step.name)}`, executorOf(plan, step)])) },
    pipelineInfo: { name, ...(options.description === undefined ? {} : { description: options.description }) },
    root: {
      dag: { tasks: Object.fromEntries(graph.steps.map((step) => taskOf(plan, step))) },
      ...inputs({
        parameters: Object.fromEntries(
          [...plan.types].map(([each, type]) => [
            each,
            { parameterType: type, defaultValue: options.params?.[each] ?? null, isOptional: true },
          ]),
        ),
      }),
    },
    schemaVersion: '2.1.0',
    sdkVersion: 'kfp-2.17.3',
  }
  return secret === undefined ? toYaml(spec) : `${toYaml(spec)}---\n${toYaml(platformSpec(plan))}`
}

interface Plan {
  readonly graph: CompiledGraph
  readonly names: ReadonlyMap<string, string>
  readonly options: KubeflowOptions
  /** Parameter → its type in Kubeflow. */
  readonly types: ReadonlyMap<string, string>
}

/** One artifact that a task gets: the folder of a step, or the folders of a map step's items. */
interface TaskInput {
  readonly step: CompiledStep
  /** The name of the input. */
  readonly key: string
  readonly isList: boolean
}

/** What a task gets: its needs, and for map steps among them the lists that they were made from, which tell how many items there are. */
function inputsOf({ graph, names }: Plan, step: CompiledStep): TaskInput[] {
  const byName = new Map(graph.steps.map((each) => [each.name, each]))
  const wanted = new Set<string>()
  const add = (name: string): void => {
    if (wanted.has(name)) return
    wanted.add(name)
    const { over } = byName.get(name) as CompiledStep
    if (over !== undefined) add(over)
  }
  for (const need of step.needs) add(need)
  return [...wanted].map((name) => ({
    step: byName.get(name) as CompiledStep,
    key: `in-${names.get(name)}`,
    isList: byName.get(name)?.over !== undefined,
  }))
}

function inputs({
  artifacts = {},
  parameters = {},
}: {
  artifacts?: Record<string, Json>
  parameters?: Record<string, Json>
}): Record<string, Json> {
  const given = {
    ...(Object.keys(artifacts).length === 0 ? {} : { artifacts }),
    ...(Object.keys(parameters).length === 0 ? {} : { parameters }),
  }
  return Object.keys(given).length === 0 ? {} : { inputDefinitions: given }
}

/** The component of a step; of a map step also that of its loop. */
function componentsOf(plan: Plan, step: CompiledStep): [string, Json][] {
  const name = plan.names.get(step.name) as string
  const { types } = plan
  const given = inputsOf(plan, step)
  const artifacts = Object.fromEntries(given.map(({ key, isList }) => [key, { ...artifact, ...(isList ? { isArtifactList: true } : {}) }]))
  const parameters = Object.fromEntries((step.params ?? []).map((each) => [each, { parameterType: types.get(each) as string }]))
  const isMap = step.over !== undefined
  const component: Json = {
    executorLabel: `exec-${name}`,
    ...inputs({ artifacts, parameters: { ...parameters, ...(isMap ? { index: { parameterType: 'NUMBER_INTEGER' } } : {}) } }),
    outputDefinitions: {
      artifacts: { out: artifact },
      ...(isRootList(plan.graph, step) ? { parameters: { Output: { parameterType: 'LIST' } } } : {}),
    },
  }
  if (!isMap) return [[`comp-${name}`, component]]
  const channel = channelOf(plan, step)
  const loopInputs = inputs({
    artifacts,
    parameters: { ...parameters, [channel]: { parameterType: 'LIST' }, [`${channel}-loop-item`]: { parameterType: 'NUMBER_INTEGER' } },
  })
  const task: Json = {
    cachingOptions: step.cached ? { enableCache: true } : {},
    componentRef: { name: `comp-${name}` },
    inputs: {
      ...(given.length === 0 ? {} : { artifacts: Object.fromEntries(given.map(({ key }) => [key, { componentInputArtifact: key }])) }),
      parameters: {
        ...Object.fromEntries(Object.keys(parameters).map((each) => [each, { componentInputParameter: each }])),
        index: { componentInputParameter: `${channel}-loop-item` },
      },
    },
    taskInfo: { name },
  }
  const loop: Json = {
    dag: {
      outputs: { artifacts: { out: { artifactSelectors: [{ outputArtifactKey: 'out', producerSubtask: name }] } } },
      tasks: { [name]: task },
    },
    ...loopInputs,
    outputDefinitions: { artifacts: { out: { ...artifact, isArtifactList: true } } },
  }
  return [
    [`comp-${name}`, component],
    [`comp-for-${name}`, loop],
  ]
}

/** The name that the SDK gives the list of a loop; kfp's local runner knows loops by it. The list holds the positions of the items. */
function channelOf({ graph, names }: Plan, step: CompiledStep): string {
  return `pipelinechannel--${names.get(listOfMaps(graph, step))}-Output`
}

/** Whether a map step, or a map over a map, starts from the list of this step. */
function isRootList(graph: CompiledGraph, step: CompiledStep): boolean {
  return step.over === undefined && graph.steps.some((each) => each.over !== undefined && listOfMaps(graph, each) === step.name)
}

/** The task of a step in the root graph: the step itself, or the loop of a map step. */
function taskOf(plan: Plan, step: CompiledStep): [string, Json] {
  const { graph, names } = plan
  const taskName = (name: string): string =>
    (graph.steps.find((each) => each.name === name)?.over === undefined ? '' : 'for-') + names.get(name)
  const given = inputsOf(plan, step)
  const artifacts = Object.fromEntries(
    given.map(({ key, step: from }) => [key, { taskOutputArtifact: { outputArtifactKey: 'out', producerTask: taskName(from.name) } }]),
  )
  const list = step.over === undefined ? undefined : listOfMaps(graph, step)
  const parameters: Record<string, Json> = Object.fromEntries((step.params ?? []).map((each) => [each, { componentInputParameter: each }]))
  if (list !== undefined)
    parameters[channelOf(plan, step)] = { taskOutputParameter: { outputParameterKey: 'Output', producerTask: taskName(list) } }
  const before = [...new Set([...given.map(({ step: from }) => taskName(from.name)), ...(list === undefined ? [] : [taskName(list)])])]
  const own = taskName(step.name)
  return [
    own,
    {
      ...(step.over === undefined ? { cachingOptions: step.cached ? { enableCache: true } : {} } : {}),
      componentRef: { name: `comp-${own}` },
      ...(before.length === 0 ? {} : { dependentTasks: before }),
      ...(given.length + Object.keys(parameters).length === 0
        ? {}
        : { inputs: { ...(given.length === 0 ? {} : { artifacts }), ...(Object.keys(parameters).length === 0 ? {} : { parameters }) } }),
      ...(step.over === undefined
        ? {}
        : { parameterIterator: { itemInput: `${channelOf(plan, step)}-loop-item`, items: { inputParameter: channelOf(plan, step) } } }),
      taskInfo: { name: own },
    },
  ]
}

function executorOf({ options }: Plan, step: CompiledStep): Json {
  const { command, image, seed = 0, input, params, environment = {} } = options
  // In the environment Kubeflow replaces no placeholders. A task gets the parameters that it reads; the schema wants the others, too.
  const texts = { MILLWRIGHT_PARAMS: params, MILLWRIGHT_INPUT: input }
  const given = Object.entries(texts).flatMap(([name, value]) => (value === undefined ? [] : [[name, JSON.stringify(value)] as const]))
  const env = [...Object.entries(environment), ...given].map(([name, value]) => ({ name, value }))
  return {
    container: {
      args: [
        ...['--step', step.name, '--run', 'kubeflow', '--seed', String(seed)],
        // The whole input of the task as JSON: parameters with their types, and the places of the artifacts.
        ...['--executor-input', '{{$}}'],
      ],
      command: [...command],
      ...(env.length === 0 ? {} : { env }),
      image,
    },
  }
}

/** The types that Kubeflow gives the values. */
function parameterTypes(graph: CompiledGraph, { params = {} }: KubeflowOptions): Map<string, string> {
  const types = new Map<string, string>()
  for (const step of graph.steps) {
    for (const name of step.params ?? []) {
      const value = params[name]
      if (value === undefined || value === null) {
        throw cannotExpress(
          'Kubeflow Pipelines',
          graph.name,
          step.name,
          `reads the parameter ${show(name)}, which has no value in \`params\``,
          'the type of a parameter is known by its value',
        )
      }
      types.set(name, typeOf(value))
    }
  }
  return types
}

function typeOf(value: Json): string {
  if (typeof value === 'number') return Number.isInteger(value) ? 'NUMBER_INTEGER' : 'NUMBER_DOUBLE'
  if (typeof value === 'string') return 'STRING'
  if (typeof value === 'boolean') return 'BOOLEAN'
  return Array.isArray(value) ? 'LIST' : 'STRUCT'
}

function platformSpec({ graph, names, options }: Plan): Record<string, Json> {
  const executors = graph.steps.flatMap(({ name, secrets = [] }) => {
    if (secrets.length === 0) return []
    const keyToEnv = secrets.map((secret) => ({ envVar: secret, secretKey: secret }))
    return [[`exec-${names.get(name)}`, { secretAsEnv: [{ keyToEnv, secretName: options.secretName as string }] }] as const]
  })
  return { platforms: { kubernetes: { deploymentSpec: { executors: Object.fromEntries(executors) } } } }
}
