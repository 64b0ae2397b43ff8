/** Reads runs back: heads, whole records, histories, searches. */
import { MillwrightError, show } from '../../../core/errors'
import { pageOfPoints } from '../../../ports/metric-points'
import { compareRunsBy, isAttribute, matchesFilter, pageOfRuns, parseRunQuery } from '../../../ports/run-search'
import type { DatasetInput, MetricPoint, Page, RunQuery, RunRecord } from '../../../ports/tracker-backend'
import type { Experiments } from './experiments'
import { lastPoint, parseMetricLines, sortPoints } from './metric-lines'
import type { Place, Places } from './places'
import { type RunHead, runHead } from './run-meta'
import { inParallel, type Meta, numberOf, type Tree, textOf } from './tree'

/** Reads runs. */
export interface RunReader {
  /** @throws NotFound, Corrupt */
  head(place: Place, runId: string): Promise<RunHead>
  /** @throws NotFound, Corrupt */
  record(runId: string): Promise<RunRecord>
  search(query: RunQuery): Promise<Page<RunRecord>>
  history(
    runId: string,
    key: string,
    page?: { readonly limit?: number | undefined; readonly cursor?: string | undefined },
  ): Promise<Page<MetricPoint>>
}

/** Folders of an experiment that are not runs. */
const notRuns: readonly string[] = ['tags', 'datasets', 'traces', 'models']
/** How many summaries of metric files are kept; the oldest go first. */
const KEPT = 20_000

/** A reader over `tree`. Metric files that did not change are not read again. */
export function createRunReader(tree: Tree, experiments: Experiments, places: Places): RunReader {
  const lastPoints = new Map<string, { readonly etag: string; readonly point: MetricPoint | undefined }>()
  let lastHistory: { readonly key: string; readonly etag: string; readonly points: readonly MetricPoint[] } | undefined

  const headOrSkip = async (place: Place, runId: string): Promise<RunHead | undefined> => {
    const meta = await tree.readMetaOrSkip(`${place.base}meta.yaml`)
    return meta === undefined ? undefined : runHead(meta, runId)
  }

  const head = async ({ base }: Place, runId: string): Promise<RunHead> => {
    const meta = await tree.readMeta(`${base}meta.yaml`)
    if (meta === undefined) throw new MillwrightError('NotFound', `${tree.storage.name} has no run ${show(runId)}`)
    const found = runHead(meta, runId)
    if (found === undefined) throw new MillwrightError('Corrupt', `${base}meta.yaml is not that of run ${runId}`)
    return found
  }

  const metrics = async (prefix: string): Promise<Record<string, MetricPoint>> => {
    const files = await tree.list(prefix)
    const last = await inParallel(files, async ({ key, etag }) => {
      const held = lastPoints.get(key)
      if (held?.etag === etag) return held.point
      const point = lastPoint(parseMetricLines(await tree.storage.get(key), key.slice(prefix.length)))
      lastPoints.delete(key)
      lastPoints.set(key, { etag, point })
      if (lastPoints.size > KEPT) lastPoints.delete(lastPoints.keys().next().value as string)
      return point
    })
    return Object.fromEntries(last.filter((point) => point !== undefined).map((point) => [point.key, point]))
  }

  const metas = async (prefix: string): Promise<Meta[]> => {
    const found = await inParallel(await tree.folders(prefix), (name) => tree.readMetaOrSkip(`${prefix}${name}/meta.yaml`))
    return found.filter((meta) => meta !== undefined)
  }

  const dataset = async (experiment: string, input: Meta): Promise<DatasetInput | undefined> => {
    const id = textOf(input, 'source_id') ?? ''
    // The id comes from a file; nothing but a plain name may become a part of a key.
    const meta = /^[\w-]{1,100}$/.test(id) ? await tree.readMetaOrSkip(`${experiment}datasets/${id}/meta.yaml`) : undefined
    if (meta === undefined) return undefined
    const context = textOf((input.tags ?? {}) as Meta, 'mlflow.data.context')
    const schema = textOf(meta, 'schema')
    const profile = textOf(meta, 'profile')
    return {
      name: textOf(meta, 'name') ?? '',
      digest: textOf(meta, 'digest') ?? '',
      sourceType: textOf(meta, 'source_type') ?? '',
      source: textOf(meta, 'source') ?? '',
      ...(schema === undefined ? {} : { schema }),
      ...(profile === undefined ? {} : { profile }),
      ...(context === undefined ? {} : { context }),
    }
  }

  const fill = async (found: RunHead, { base, experiment }: Place): Promise<RunRecord> => {
    const there = await tree.folders(base)
    const inFolder = <T>(name: string, work: (prefix: string) => Promise<T>, none: T): Promise<T> =>
      there.includes(name) ? work(`${base}${name}/`) : Promise.resolve(none)
    const [params, tags, points, inputs, outputs] = await Promise.all([
      inFolder('params', tree.texts, {}),
      inFolder('tags', tree.texts, {}),
      inFolder('metrics', metrics, {}),
      inFolder('inputs', metas, []),
      inFolder('outputs', metas, []),
    ])
    const datasets = await inParallel(
      inputs.filter((input) => textOf(input, 'source_type') === 'DATASET'),
      (input) => dataset(experiment, input),
    )
    return {
      ...found,
      runName: found.runName === '' ? ((tags as Record<string, string>)['mlflow.runName'] ?? '') : found.runName,
      params,
      tags,
      metrics: points,
      datasets: datasets.filter((input) => input !== undefined),
      inputModels: inputs.filter((input) => textOf(input, 'source_type') === 'MODEL').map((input) => textOf(input, 'source_id') ?? ''),
      // MLflow's reader takes the model from the destination.
      outputModels: outputs.map((output) => ({ modelId: textOf(output, 'destination_id') ?? '', step: numberOf(output, 'step') ?? 0 })),
    }
  }

  /** The heads of every run of the asked experiments. */
  const headsOf = async (experimentIds: readonly string[] | undefined): Promise<(readonly [RunHead, Place])[]> => {
    const placed =
      experimentIds === undefined
        ? (await experiments.list()).filter(({ record }) => record.lifecycleStage === 'active')
        : await inParallel(experimentIds, experiments.get)
    const found: (readonly [RunHead, Place])[] = []
    for (const { base: experiment } of placed) {
      const names = (await tree.folders(experiment)).filter((name) => !notRuns.includes(name))
      const heads = await inParallel(names, async (runId) => {
        const place = { experiment, base: `${experiment}${runId}/` }
        const head = await headOrSkip(place, runId)
        return head === undefined ? undefined : ([head, place] as const)
      })
      found.push(...heads.filter((entry) => entry !== undefined))
    }
    return found
  }

  return {
    head,
    async record(runId) {
      const place = await places.run(runId)
      return fill(await head(place, runId), place)
    },
    async search(query) {
      const { clauses, order, view, limit, cursor } = parseRunQuery(query)
      const onlyHeads = clauses.filter(isAttribute)
      const candidates = (await headsOf(query.experimentIds)).filter(
        ([found]) => (view === 'all' || found.lifecycleStage === view) && matchesFilter(bare(found), onlyHeads),
      )
      const byOrder = compareRunsBy(order)
      if (onlyHeads.length === clauses.length && order.every(isAttribute)) {
        // Only the page itself needs its params, tags and metrics.
        const sorted = candidates.map(([found, place]) => ({ runId: found.runId, run: bare(found), found, place }))
        const page = pageOfRuns(
          sorted.sort((a, b) => byOrder(a.run, b.run)),
          limit,
          cursor,
        )
        return { ...page, items: await inParallel(page.items, ({ found, place }) => fill(found, place)) }
      }
      const records = await inParallel(candidates, ([found, place]) => fill(found, place))
      return pageOfRuns(records.filter((run) => matchesFilter(run, clauses)).sort(byOrder), limit, cursor)
    },
    async history(runId, key, page) {
      const place = await places.run(runId)
      const file = `${place.base}metrics/${key}`
      const info = await tree.storage.head(file)
      if (info === undefined) return pageOfPoints([], page)
      if (lastHistory?.key !== file || lastHistory.etag !== info.etag) {
        const points = sortPoints(parseMetricLines(await tree.storage.get(file), key, file))
        lastHistory = { key: file, etag: info.etag, points }
      }
      return pageOfPoints(lastHistory.points, page)
    },
  }
}

/** A record of nothing but the head, for clauses and orders that look at nothing else. */
function bare(head: RunHead): RunRecord {
  return { ...head, params: {}, tags: {}, metrics: {}, datasets: [], inputModels: [], outputModels: [] }
}
