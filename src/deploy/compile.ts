/** What the compilers of pipelines share: refusals, names, and the options of all engines. */
import { invalidArgument, MillwrightError, show } from '../core/errors'
import type { Json } from '../core/json'
import { arrayOf, type OptionRule, ofType } from '../core/options'
import type { GraphNode, PipelineGraph } from '../pipeline'

/** A pipeline, or its graph. */
export type PipelineSource = PipelineGraph | { graph(): PipelineGraph }

/** Options that all compilers take. */
export interface CompileOptions {
  /** Starts the step's command; `--step`, `--run` and more are added: `['node', '/app/step.mjs']`. */
  readonly command: readonly string[]
  /** Values of the parameters; those that are missing have the defaults of the pipeline's schema. */
  readonly params?: Readonly<Record<string, Json>> | undefined
  /** The input of each run. @default none */
  readonly input?: Json | undefined
  /** The seed of each run. @default 0 */
  readonly seed?: number | undefined
  /** Environment variables of the step's command. */
  readonly environment?: Readonly<Record<string, string>> | undefined
}

/** A step of a compiled graph. */
export interface CompiledStep extends GraphNode {
  readonly needs: readonly string[]
  /** Whether a map step takes its list from it. */
  readonly isList: boolean
  readonly trigger: NonNullable<GraphNode['trigger']>
}

/** A graph that is ready for a compiler. */
export interface CompiledGraph {
  readonly name: string
  readonly steps: readonly CompiledStep[]
  /** Names of all secrets. */
  readonly secrets: readonly string[]
}

/** Rules of {@link CompileOptions}. */
export function compileRules(): Readonly<Record<string, OptionRule>> {
  return {
    command: arrayOf(ofType('string')),
    params: ofType('object'),
    input: { allowed: 'JSON', test: (value) => jsonText(value) !== undefined },
    seed: { allowed: 'a whole number', test: Number.isSafeInteger },
    environment: ofType('object'),
  }
}

/** The graph for an engine. @throws InvalidArgument for what is no pipeline or has no steps; Unsupported for a step that no engine can express */
export function compiledGraph(engine: string, source: PipelineSource, { command, params = {} }: CompileOptions): CompiledGraph {
  const graph =
    typeof (source as { graph?: unknown })?.graph === 'function'
      ? (source as { graph(): PipelineGraph }).graph()
      : (source as PipelineGraph)
  if (!Array.isArray(graph?.nodes) || !Array.isArray(graph.edges))
    throw invalidArgument(`${engine} compiles a pipeline or its graph, got ${show(source)}`)
  if (graph.nodes.length === 0) throw invalidArgument(`pipeline ${show(graph.name)} has no steps to compile`)
  if (!Array.isArray(command) || command.length === 0)
    throw invalidArgument(`${engine} needs \`command\`, the command that runs a step, got ${show(command)}`)
  const needs = new Map<string, string[]>(graph.nodes.map((node) => [node.name, []]))
  for (const { from, to } of graph.edges) needs.get(to)?.push(from)
  const lists = new Set(graph.nodes.flatMap(({ over }) => (over === undefined ? [] : [over])))
  const known = new Set(graph.nodes.flatMap((node) => node.params ?? []))
  const unread = Object.keys(params).find((name) => !known.has(name))
  if (unread !== undefined) throw invalidArgument(`\`params\` names ${show(unread)}, which no step of pipeline ${show(graph.name)} reads`)
  const steps = graph.nodes.map((node): CompiledStep => {
    if (node.compensated)
      throw cannotExpress(
        engine,
        graph.name,
        node.name,
        'has a compensation',
        'it does not run the undoing of earlier steps after a failure',
      )
    return { ...node, needs: needs.get(node.name) ?? [], isList: lists.has(node.name), trigger: node.trigger ?? 'all-success' }
  })
  return { name: graph.name, steps, secrets: [...new Set(steps.flatMap((step) => step.secrets ?? []))] }
}

/** The error for what an engine cannot express. */
export function cannotExpress(engine: string, pipeline: string, step: string, what: string, why: string): MillwrightError {
  return new MillwrightError('Unsupported', `${engine} cannot express pipeline ${show(pipeline)}: step ${show(step)} ${what}, and ${why}`, {
    details: { engine, step },
  })
}

/** @throws Unsupported for a step that runs although one before it failed */
export function refuseAfterFailure(engine: string, graph: CompiledGraph, why: string): void {
  const step = graph.steps.find(({ trigger }) => trigger === 'one-failed' || trigger === 'all-done' || trigger === 'always')
  if (step !== undefined) throw cannotExpress(engine, graph.name, step.name, `has the trigger rule ${show(step.trigger)}`, why)
}

/** @throws Unsupported for a step that falls back to the output of an earlier run */
export function refusePrevious(engine: string, graph: CompiledGraph, why: string): void {
  const step = graph.steps.find(({ fallback }) => fallback === 'previous')
  if (step !== undefined) throw cannotExpress(engine, graph.name, step.name, 'falls back to the output of an earlier run', why)
}

/** @throws Unsupported for a step whose name an engine would read as a placeholder */
export function refuseBraces(engine: string, graph: CompiledGraph): void {
  const step = graph.steps.find(({ name }) => name.includes('{{'))
  if (step !== undefined) throw cannotExpress(engine, graph.name, step.name, 'has "{{" in its name', 'that begins a placeholder')
}

/** The step that gives the list which a map step, or a chain of map steps, starts from. */
export function listOfMaps(graph: CompiledGraph, step: CompiledStep): string {
  const over = graph.steps.find(({ name }) => name === step.over)
  return over?.over === undefined ? (step.over as string) : listOfMaps(graph, over)
}

/** Names for steps where an engine allows only some characters: `allowed` is kept, the rest becomes `replacement`, equal names get `-2`, `-3`. */
export function engineNames(steps: readonly CompiledStep[], clean: (name: string) => string, joint = '-'): ReadonlyMap<string, string> {
  const taken = new Set<string>()
  const names = new Map<string, string>()
  for (const { name } of steps) {
    const base = clean(name)
    let free = base
    for (let next = 2; taken.has(free); next++) free = `${base}${joint}${next}`
    taken.add(free)
    names.set(name, free)
  }
  return names
}

/** A label of DNS: lower-case letters, digits and hyphens, at most 63 characters. */
export function dnsLabel(text: string): string {
  const label = text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 55)
    .replace(/-+$/, '')
  return /^[a-z0-9]/.test(label) ? label : `s-${label}`.replace(/-$/, 'tep')
}

/** JSON text; undefined for what is no JSON. */
export function jsonText(value: unknown): string | undefined {
  try {
    return JSON.stringify(value)
  } catch {
    return undefined
  }
}
