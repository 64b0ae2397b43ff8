/** Compiles a pipeline to the stages of DVC. */
import { invalidArgument, show } from '../core/errors'
import type { Json } from '../core/json'
import { arrayOf, checkOptions, nonEmptyString } from '../core/options'
import { toYaml } from '../core/yaml-write'
import {
  type CompiledGraph,
  type CompiledStep,
  type CompileOptions,
  cannotExpress,
  compiledGraph,
  compileRules,
  engineNames,
  type PipelineSource,
  refuseAfterFailure,
  refusePrevious,
} from './compile'
import { shellWord } from './shell'

/** Options of {@link dvcYaml}. */
export interface DvcYamlOptions extends CompileOptions {
  /** The folder for the outputs of steps, one folder each. @default 'pipeline' */
  readonly folder?: string | undefined
  /** Files that every stage depends on: the program that runs steps, and what it imports. A change of one runs all stages again. */
  readonly deps?: readonly string[] | undefined
  /** Files that single stages depend on, such as raw data: step → paths. */
  readonly stepDeps?: Readonly<Record<string, readonly string[]>> | undefined
  /** Steps that DVC runs every time, for inputs that DVC does not see. @default none */
  readonly alwaysChanged?: readonly string[] | undefined
  /** The file of the parameters, relative to `dvc.yaml`. @default 'params.yaml' */
  readonly paramsFile?: string | undefined
}

/** The files of a DVC pipeline. */
export interface DvcFiles {
  readonly 'dvc.yaml': string
  /** Values of the parameters; empty when no step reads one. */
  readonly 'params.yaml': string
}

/**
 * The texts of `dvc.yaml` and `params.yaml`: one stage a step, whose output is a folder that DVC caches; `dvc repro` runs what changed. A map
 * step is one stage that runs all its items. Retries, conditions and fallbacks are carried out by the step's command.
 *
 * Which steps run again is decided by DVC: by the files in `deps`, the parameters and the outputs of needed steps; the options `cache` of steps
 * do not count.
 *
 * @throws Unsupported for steps that run after a failure, for fallbacks to an earlier run, and for compensations; InvalidArgument
 */
export function dvcYaml(source: PipelineSource, options: DvcYamlOptions): DvcFiles {
  checkOptions('dvcYaml', options ?? null, {
    ...compileRules(),
    folder: nonEmptyString(),
    deps: arrayOf(nonEmptyString()),
    stepDeps: {
      allowed: 'an object: step → paths',
      test: (value) => typeof value === 'object' && value !== null && Object.values(value).every(Array.isArray),
    },
    alwaysChanged: arrayOf(nonEmptyString()),
    paramsFile: nonEmptyString(),
  })
  const graph = compiledGraph('DVC', source, options)
  refuseAfterFailure('DVC', graph, '`dvc repro` stops at the first stage that fails')
  refusePrevious('DVC', graph, 'a stage sees only the outputs of the stages before it')
  const names = engineNames(graph.steps, (name) => name.replace(/[^\w-]/g, '-'))
  for (const [option, given] of Object.entries({
    stepDeps: Object.keys(options.stepDeps ?? {}),
    alwaysChanged: options.alwaysChanged ?? [],
  })) {
    const unknown = given.find((name) => !names.has(name))
    if (unknown !== undefined)
      throw invalidArgument(`\`${option}\` of dvcYaml names ${show(unknown)}, which is no step of pipeline ${show(graph.name)}`)
  }
  const stages = Object.fromEntries(graph.steps.map((step) => [names.get(step.name) as string, stageOf(step, graph, names, options)]))
  const params = paramsOf(graph, options)
  return { 'dvc.yaml': toYaml({ stages }), 'params.yaml': Object.keys(params).length === 0 ? '{}\n' : toYaml(params) }
}

function stageOf(
  step: CompiledStep,
  graph: CompiledGraph,
  names: ReadonlyMap<string, string>,
  options: DvcYamlOptions,
): Record<string, Json> {
  const {
    folder = 'pipeline',
    deps = [],
    stepDeps = {},
    alwaysChanged = [],
    seed = 0,
    input,
    environment = {},
    command,
    paramsFile = 'params.yaml',
  } = options
  const folderOf = (name: string): string => `${folder}/${names.get(name)}`
  const used = graph.steps.some(({ params = [] }) => params.length > 0)
  const words = [
    ...Object.entries(environment).map(([name, value]) => `${name}=${shellWord(value)}`),
    ...[...command, '--step', step.name, '--run', 'dvc', '--seed', String(seed)].map(shellWord),
    ...(used ? ['--params-file', shellWord(paramsFile)] : []),
    ...(input === undefined ? [] : ['--input', shellWord(JSON.stringify(input))]),
    ...step.needs.flatMap((need) => ['--in', shellWord(folderOf(need))]),
    ...['--out', shellWord(folderOf(step.name))],
  ]
  const params = step.params ?? []
  return {
    ...(step.description === undefined ? {} : { desc: step.description }),
    // DVC reads `${…}` as its own, unless a backslash stands before it.
    cmd: words.join(' ').replace(/\$\{/g, '\\${'),
    ...(alwaysChanged.includes(step.name) ? { always_changed: true } : {}),
    deps: [...new Set([...deps, ...(stepDeps[step.name] ?? []), ...step.needs.map(folderOf)])].map(escaped),
    ...(params.length === 0 ? {} : { params: paramsFile === 'params.yaml' ? [...params] : [{ [paramsFile]: [...params] }] }),
    outs: [escaped(folderOf(step.name))],
  }
}

function escaped(path: string): string {
  return path.replace(/\$\{/g, '\\${')
}

/** DVC needs a value for each parameter that a stage reads. */
function paramsOf(graph: CompiledGraph, { params = {} }: DvcYamlOptions): Record<string, Json> {
  for (const step of graph.steps) {
    const missing = (step.params ?? []).find((name) => !Object.hasOwn(params, name))
    if (missing !== undefined) {
      throw cannotExpress(
        'DVC',
        graph.name,
        step.name,
        `reads the parameter ${show(missing)}, which has no value in \`params\``,
        'DVC must find it in the file of the parameters',
      )
    }
  }
  return { ...params }
}
