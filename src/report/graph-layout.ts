/** Lays out a directed graph in layers, by dagre. */
import { loadPeer } from '../core/peer'

/** The part of dagre that is used. */
interface Dagre {
  readonly graphlib: { readonly Graph: new () => DagreGraph }
  layout(graph: DagreGraph): void
}

interface Point {
  readonly x: number
  readonly y: number
}

interface DagreGraph {
  setGraph(label: object): void
  setDefaultEdgeLabel(make: () => object): void
  setNode(name: string, label: object): void
  setEdge(from: string, to: string): void
  node(name: string): Point
  edge(edge: { readonly v: string; readonly w: string }): { readonly points: readonly Point[] }
  edges(): readonly { readonly v: string; readonly w: string }[]
  graph(): { readonly width?: number; readonly height?: number }
}

/** Boxes to lay out, all of one size. */
export interface GraphShape {
  readonly nodes: readonly string[]
  readonly edges: readonly { readonly from: string; readonly to: string }[]
  readonly width: number
  readonly height: number
}

/** Where boxes and arrows lie; points are centres of boxes and bends of arrows. */
export interface GraphLayout {
  readonly width: number
  readonly height: number
  readonly nodes: ReadonlyMap<string, Point>
  readonly edges: readonly (readonly Point[])[]
}

/** Lays out boxes from top to bottom, so that each lies below those that point to it. @throws MissingDependency without `@dagrejs/dagre` */
export async function layoutGraph({ nodes, edges, width, height }: GraphShape): Promise<GraphLayout> {
  const dagre = await loadPeer<Dagre>('@dagrejs/dagre', { needed: 'the drawing of a graph' })
  const graph = new dagre.graphlib.Graph()
  graph.setGraph({ rankdir: 'TB', nodesep: 24, ranksep: 38, marginx: 8, marginy: 8 })
  graph.setDefaultEdgeLabel(() => ({}))
  for (const name of nodes) graph.setNode(name, { width, height })
  for (const { from, to } of edges) graph.setEdge(from, to)
  dagre.layout(graph)
  const size = graph.graph()
  return {
    width: size.width ?? 0,
    height: size.height ?? 0,
    nodes: new Map(nodes.map((name) => [name, graph.node(name)])),
    edges: graph.edges().map((edge) => graph.edge(edge).points),
  }
}
