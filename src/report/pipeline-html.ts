/** A page about a pipeline: its graph, and of a run what each step did, when and why. */
import { invalidArgument, show } from '../core/errors'
import { checkOptions, ofType } from '../core/options'
import type { GraphNode, ItemResult, PipelineGraph, StepResult } from '../pipeline'
import { type Html, html } from '../plot/html'
import { fitText } from '../plot/text-size'
import { type GraphLayout, layoutGraph } from './graph-layout'
import { page, type Section, type Tile } from './page'
import { dataTable } from './table'

/** A run to show: the result of `run`, or the record of `inspectRun`. */
export interface ShownPipelineRun {
  readonly runId: string
  readonly status: string
  /** Epoch milliseconds. */
  readonly startedAt: number
  readonly endedAt?: number | undefined
  readonly steps: Readonly<Record<string, StepResult>>
}

/** Options of {@link pipelineHtml}. */
export interface PipelineHtmlOptions {
  /** Colours the graph by the status of each step, and adds times and reasons. @default only the graph */
  readonly run?: ShownPipelineRun | undefined
  /** @default the name of the pipeline */
  readonly title?: string | undefined
}

const box = { width: 204, height: 46 }

/**
 * A self-contained page with the graph of a pipeline; with a run also its times as bars and a table of what each step did and why. Opens without a
 * network; the graph and the run are in it as JSON in `report-data`. Drawing needs the package `@dagrejs/dagre`.
 *
 * @throws InvalidArgument for what is no pipeline or graph; MissingDependency
 *
 * @example
 * await writeFile('run.html', await pipelineHtml(pipeline, { run: await pipeline.run() }))
 */
export async function pipelineHtml(source: PipelineGraph | { graph(): PipelineGraph }, options: PipelineHtmlOptions = {}): Promise<string> {
  const graph =
    typeof (source as { graph?: unknown })?.graph === 'function'
      ? (source as { graph(): PipelineGraph }).graph()
      : (source as PipelineGraph)
  if (!Array.isArray(graph?.nodes) || !Array.isArray(graph.edges))
    throw invalidArgument(`pipelineHtml takes a pipeline or its graph, got ${show(source)}`)
  checkOptions('pipelineHtml', options, { run: ofType('object'), title: ofType('string') })
  const { run, title = `Pipeline ${graph.name}` } = options
  const layout = await layoutGraph({ nodes: graph.nodes.map(({ name }) => name), edges: graph.edges, ...box })
  const sections: Section[] = [
    { title: 'Steps', text: 'Each step runs when those above it that point to it have ended.', body: drawing(graph, layout, run) },
    ...(run === undefined ? [] : runSections(graph, run)),
    { title: 'Definition', body: definitionTable(graph) },
  ]
  return page({
    title,
    lead: run === undefined ? `${graph.nodes.length} steps.` : `Run ${run.runId}: ${run.status}.`,
    ...(run === undefined ? {} : { tiles: tilesOf(graph, run) }),
    sections,
    footer: 'Made with millwright.',
    data: {
      graph,
      ...(run === undefined
        ? {}
        : { run: { runId: run.runId, status: run.status, startedAt: run.startedAt, endedAt: run.endedAt, steps: run.steps } }),
    },
  })
}

function tilesOf(graph: PipelineGraph, run: ShownPipelineRun): Tile[] {
  const results = Object.values(run.steps)
  const count = (...statuses: string[]): string => String(results.filter(({ status }) => statuses.includes(status)).length)
  return [
    { label: 'Status', value: run.status },
    { label: 'Took', value: duration((run.endedAt ?? Math.max(run.startedAt, ...results.map(({ endedAt }) => endedAt))) - run.startedAt) },
    { label: 'Ran', value: count('succeeded', 'fallback'), note: `of ${graph.nodes.length} steps` },
    { label: 'Cached', value: count('cached') },
    { label: 'Failed', value: count('failed', 'cancelled') },
  ]
}

function drawing(graph: PipelineGraph, layout: GraphLayout, run: ShownPipelineRun | undefined): Html {
  const arrows = layout.edges.map(
    (points) =>
      html`<path d="${`M${points.map(({ x, y }) => `${round(x)} ${round(y)}`).join('L')}`}" fill="none" stroke="var(--soft)" marker-end="url(#arrow)"/>`,
  )
  const boxes = graph.nodes.map((node) => {
    const { x, y } = layout.nodes.get(node.name) as { x: number; y: number }
    const result = run?.steps[node.name]
    const [left, top] = [x - box.width / 2, y - box.height / 2]
    return html`<g><title>${`${node.name}${result?.reason === undefined ? '' : `: ${result.reason}`}`}</title>
<rect x="${round(left)}" y="${round(top)}" width="${box.width}" height="${box.height}" rx="${node.conditional ? 22 : 8}" fill="var(--card)" stroke="${colourOf(result)}" stroke-width="${result === undefined ? 1 : 2}"${node.over === undefined ? null : html` stroke-dasharray="6 3"`}/>
<text class="strong" x="${round(x)}" y="${round(top + 20)}" text-anchor="middle">${fitText(node.name, box.width - 14)}</text>
<text x="${round(x)}" y="${round(top + 37)}" text-anchor="middle">${fitText(labelOf(node, result), box.width - 14)}</text></g>`
  })
  const { width, height } = layout
  return html`<figure class="scroll"><svg viewBox="0 0 ${round(width)} ${round(height)}" style="min-width:${Math.min(760, round(width))}px;max-width:${round(width)}px" role="img" aria-label="${`graph of ${graph.name}`}">
<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" fill="var(--soft)"/></marker></defs>
${arrows}
${boxes}</svg></figure>`
}

function labelOf(node: GraphNode, result: StepResult | undefined): string {
  if (result !== undefined) {
    const items = result.items === undefined ? '' : ` · ${result.items.length} items`
    return result.status === 'skipped' ? 'skipped' : `${result.status} · ${duration(result.durationMs)}${items}`
  }
  return [node.over === undefined ? '' : `each of ${node.over}`, node.cached ? 'cached' : '', node.conditional ? 'conditional' : '']
    .filter(Boolean)
    .join(' · ')
}

function colourOf(result: ItemResult | undefined): string {
  if (result === undefined || result.status === 'skipped') return 'var(--line)'
  if (result.status === 'failed' || result.status === 'cancelled') return 'var(--bad)'
  return result.status === 'succeeded' ? 'var(--good)' : result.status === 'cached' ? 'var(--a)' : 'var(--c)'
}

function runSections(graph: PipelineGraph, run: ShownPipelineRun): Section[] {
  const rows = graph.nodes.flatMap(({ name }) => (run.steps[name] === undefined ? [] : [{ name, result: run.steps[name] as StepResult }]))
  return [
    { title: 'Times', text: 'From the start of the run to its end.', body: timeline(rows, run) },
    {
      title: 'Results',
      body: dataTable({
        rows,
        columns: [
          { title: 'Step', cell: ({ name }) => name },
          { title: 'Status', cell: ({ result }) => html`<span class="tag ${toneOf(result)}">${result.status}</span>` },
          { title: 'Took', numeric: true, cell: ({ result }) => duration(result.durationMs) },
          { title: 'Attempts', numeric: true, cell: ({ result }) => String(result.attempts) },
        ],
        words: ({ result }) => [result.error?.message, result.reason].filter(Boolean).join('; '),
      }),
    },
  ]
}

function toneOf({ status }: ItemResult): string {
  return status === 'failed' || status === 'cancelled' ? 'bad' : status === 'succeeded' ? 'good' : ''
}

/** One bar a step. Steps of an earlier, interrupted execution of the run lie before its start and are cut there. */
function timeline(rows: readonly { readonly name: string; readonly result: StepResult }[], run: ShownPipelineRun): Html {
  const end = Math.max(run.startedAt + 1, run.endedAt ?? 0, ...rows.map(({ result }) => result.endedAt))
  const [left, right, line] = [200, 900, 22]
  const place = (at: number): number => left + ((Math.max(at, run.startedAt) - run.startedAt) / (end - run.startedAt)) * (right - left)
  const bars = rows.map(({ name, result }, index) => {
    const [from, to] = [place(result.startedAt), place(result.endedAt)]
    const y = index * line
    return html`<text x="${left - 10}" y="${y + 15}" text-anchor="end">${fitText(name, 180)}</text>
<rect x="${round(from)}" y="${y + 5}" width="${round(Math.max(2, to - from))}" height="12" rx="3" fill="${colourOf(result)}"><title>${`${name}: ${duration(result.durationMs)}`}</title></rect>`
  })
  const height = rows.length * line + 24
  return html`<figure class="scroll"><svg class="chart" viewBox="0 0 920 ${height}" role="img" aria-label="times of the steps">${bars}
<text x="${left}" y="${height - 4}">0</text><text x="${right}" y="${height - 4}" text-anchor="end">${duration(end - run.startedAt)}</text></svg></figure>`
}

function definitionTable(graph: PipelineGraph): Html {
  const needs = new Map<string, string[]>()
  for (const { from, to } of graph.edges) needs.set(to, [...(needs.get(to) ?? []), from])
  return dataTable({
    rows: graph.nodes,
    columns: [
      { title: 'Step', cell: ({ name }) => name },
      { title: 'Needs', cell: ({ name }) => (needs.get(name) ?? []).join(', ') },
      { title: 'Parameters', cell: ({ params = [] }) => params.join(', ') },
      { title: 'Attempts', numeric: true, cell: ({ attempts }) => String(attempts) },
    ],
    words: (node) => [node.description ?? '', rulesOf(node).join(', ')].filter(Boolean).join('; '),
  })
}

function rulesOf({ over, cached, conditional, fallback, trigger, compensated, timeoutMs }: GraphNode): string[] {
  return [
    over === undefined ? '' : `each of ${over}`,
    cached ? 'cached' : '',
    conditional ? 'conditional' : '',
    fallback === 'none' ? '' : fallback === 'previous' ? 'falls back to the last success' : 'has a fallback',
    trigger ?? '',
    compensated ? 'compensated' : '',
    timeoutMs === undefined ? '' : `at most ${duration(timeoutMs)}`,
  ].filter(Boolean)
}

function duration(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : ms < 120_000 ? `${(ms / 1000).toFixed(1)} s` : `${(ms / 60_000).toFixed(1)} min`
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
