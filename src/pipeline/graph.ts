/** The graph of a pipeline as plain data, and as a Mermaid diagram. */
import type { StepSpec } from './step'

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
    nodes: steps.map((spec) => ({
      name: spec.name,
      ...(spec.description === undefined ? {} : { description: spec.description }),
      cached: Boolean(spec.cache),
      attempts: typeof spec.retry === 'number' ? spec.retry : spec.retry === undefined ? 1 : (spec.retry.attempts ?? 3),
      fallback: spec.fallback === undefined ? 'none' : spec.fallback === 'previous' ? 'previous' : 'function',
      conditional: spec.when !== undefined,
    })),
    edges: steps.flatMap((spec) => spec.needs.map((from) => ({ from, to: spec.name }))),
  }
}

/**
 * The graph as a Mermaid flowchart, which GitHub and most notebooks draw. Conditional steps are diamonds, cached ones cylinders.
 *
 * @example
 * toMermaid(new Pipeline('daily').step('load', () => 1).graph())
 * // flowchart TD
 * //   s0["load"]
 */
export function toMermaid(graph: PipelineGraph): string {
  const ids = new Map(graph.nodes.map((node, index) => [node.name, `s${index}`]))
  const lines = graph.nodes.map((node) => {
    const [open, close] = node.conditional ? ['{', '}'] : node.cached ? ['[(', ')]'] : ['[', ']']
    return `  ${ids.get(node.name)}${open}"${label(node.name)}"${close}`
  })
  const arrows = graph.edges.map(({ from, to }) => `  ${ids.get(from)} --> ${ids.get(to)}`)
  return `${['flowchart TD', ...lines, ...arrows].join('\n')}\n`
}

/** Mermaid reads entities with `#` in place of `&`. */
function label(text: string): string {
  return text.replace(/[^\w .-]/gu, (character) => `#${character.codePointAt(0)};`)
}
