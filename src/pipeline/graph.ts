/** The graph of a pipeline as plain data, and as a Mermaid diagram. */
import { retryOf, type StepSpec, type TriggerRule } from './step'

/** One step of a graph. */
export interface GraphNode {
  readonly name: string
  readonly description?: string | undefined
  readonly cached: boolean
  /** Attempts in all. */
  readonly attempts: number
  readonly fallback: 'none' | 'previous' | 'function'
  /** Has a condition under which it is skipped. */
  readonly conditional: boolean
  /** Of a map step: the step that gives its list. */
  readonly over?: string | undefined
  /** When it runs, by how the needed steps have ended; absent for `all-success`. */
  readonly trigger?: TriggerRule | undefined
  /** Names of the parameters that it reads; absent for none. */
  readonly params?: readonly string[] | undefined
  /** Names of the secrets that it reads; absent for none. */
  readonly secrets?: readonly string[] | undefined
  /** Longest time of one attempt. */
  readonly timeoutMs?: number | undefined
  /** The wait before the second attempt, the factor of each further one and its limit; absent for a step with one attempt. */
  readonly backoff?: { readonly baseMs: number; readonly factor: number; readonly maxMs: number } | undefined
  /** Undoes its effects when the run fails; absent for `false`. */
  readonly compensated?: boolean | undefined
}

/** `to` needs the output of `from`. */
export interface GraphEdge {
  readonly from: string
  readonly to: string
}

/** Steps in the order of their definition (which is an order in which they can run) and the edges between them. Plain JSON. */
export interface PipelineGraph {
  readonly name: string
  readonly nodes: readonly GraphNode[]
  readonly edges: readonly GraphEdge[]
}

/** The graph of steps. */
export function graphOf(name: string, specs: Iterable<StepSpec>): PipelineGraph {
  const steps = [...specs]
  return {
    name,
    nodes: steps.map(nodeOf),
    edges: steps.flatMap((spec) => spec.needs.map((from) => ({ from, to: spec.name }))),
  }
}

function nodeOf(spec: StepSpec): GraphNode {
  const { name, description, over, trigger, params, secrets, timeoutMs } = spec
  const { attempts, backoffMs, factor, maxMs } = retryOf(spec)
  return {
    name,
    ...(description === undefined ? {} : { description }),
    cached: Boolean(spec.cache),
    attempts,
    fallback: spec.fallback === undefined ? 'none' : spec.fallback === 'previous' ? 'previous' : 'function',
    conditional: spec.when !== undefined,
    ...(over === undefined ? {} : { over }),
    ...(trigger === 'all-success' ? {} : { trigger }),
    ...(params.length === 0 ? {} : { params }),
    ...(secrets.length === 0 ? {} : { secrets }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(attempts === 1 ? {} : { backoff: { baseMs: backoffMs, factor, maxMs } }),
    ...(spec.compensate === undefined ? {} : { compensated: true }),
  }
}

/**
 * The graph as a Mermaid flowchart, which GitHub and most notebooks draw. Conditional steps are diamonds, map steps have double sides, cached ones are
 * cylinders.
 *
 * @example
 * toMermaid(new Pipeline('daily').step('load', () => 1).graph())
 * // flowchart TD
 * //   s0["load"]
 */
export function toMermaid(graph: PipelineGraph): string {
  const ids = new Map(graph.nodes.map((node, index) => [node.name, `s${index}`]))
  const lines = graph.nodes.map((node) => {
    const [open, close] = node.conditional ? ['{', '}'] : node.over !== undefined ? ['[[', ']]'] : node.cached ? ['[(', ')]'] : ['[', ']']
    return `  ${ids.get(node.name)}${open}"${label(node.name)}"${close}`
  })
  const arrows = graph.edges.map(({ from, to }) => `  ${ids.get(from)} --> ${ids.get(to)}`)
  return `${['flowchart TD', ...lines, ...arrows].join('\n')}\n`
}

/** Mermaid reads entities with `#` in place of `&`. */
function label(text: string): string {
  return text.replace(/[^\w .-]/gu, (character) => `#${character.codePointAt(0)};`)
}
