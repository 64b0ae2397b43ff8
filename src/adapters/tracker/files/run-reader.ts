/** Reads runs back: heads, whole records, histories. */
import { MillwrightError, show } from '../../../core/errors'
import { pageOfPoints } from '../../../ports/metric-points'
import type { DatasetInput, MetricPoint, Page, RunQuery, RunRecord } from '../../../ports/tracker-backend'
import type { Experiments } from './experiments'
import type { KnownFiles, KnownFolder, KnownGroup, Look } from './known-files'
import { parseMetricLines, sortPoints } from './metric-lines'
import type { Place, Places } from './places'
import { searchRuns } from './run-finder'
import type { RunIndex } from './run-index'
import { type RunHead, runHead } from './run-meta'
import { type Meta, numberOf, type Tree, textOf } from './tree'

/** Reads runs. */
export interface RunReader {
  /** @throws NotFound, Corrupt */
  head(place: Place, runId: string): Promise<RunHead>
  /** @throws NotFound, Corrupt */
  record(runId: string): Promise<RunRecord>
  /** Whole records of runs of one experiment whose heads are known. */
  records(group: KnownGroup, heads: readonly RunHead[]): Promise<RunRecord[]>
  search(query: RunQuery): Promise<Page<RunRecord>>
  history(
    runId: string,
    key: string,
    page?: { readonly limit?: number | undefined; readonly cursor?: string | undefined },
  ): Promise<Page<MetricPoint>>
}

/** What {@link createRunReader} works with. */
export interface RunReaderInit {
  readonly tree: Tree
  readonly known: KnownFiles
  readonly index: RunIndex
  readonly experiments: Experiments
  readonly places: Places
}

/** A reader over a tree. Files that did not change are not read again. */
export function createRunReader({ tree, known, index, experiments, places }: RunReaderInit): RunReader {
  let lastHistory: { readonly key: string; readonly etag: string; readonly points: readonly MetricPoint[] } | undefined

  const head = async ({ experiment, base }: Place, runId: string): Promise<RunHead> => {
    const group = known.group(experiment)
    const seen = (await known.look(group, [{ folder: known.folder(group, runId), path: 'meta.yaml' }]))[0] as Meta | null | undefined
    // What was skipped as unreadable is read again, for its error.
    const meta = seen ?? (await tree.readMeta(`${base}meta.yaml`))
    if (meta === undefined) throw new MillwrightError('NotFound', `${tree.storage.name} has no run ${show(runId)}`)
    const found = runHead(meta, runId)
    if (found === undefined) throw new MillwrightError('Corrupt', `${base}meta.yaml is not that of run ${runId}`)
    return found
  }

  const metasBelow = async (group: KnownGroup, folders: readonly KnownFolder[], top: string): Promise<Meta[][]> => {
    const names = await known.look(
      group,
      folders.map((folder) => ({ folder, path: top })),
    )
    const asked = folders.map((folder, i) =>
      ((names[i] ?? []) as readonly string[])
        .filter((name) => name.endsWith('/'))
        .map((name) => ({ folder, path: `${top}${name}meta.yaml` })),
    )
    const values = await lookEach(group, asked)
    return values.map((metas) => metas.filter((meta): meta is Meta => meta !== undefined && meta !== null))
  }

  /** Looks at several lists of things at once. */
  const lookEach = async (group: KnownGroup, asked: readonly (readonly Look[])[]): Promise<unknown[][]> => {
    const values = await known.look(group, asked.flat())
    let at = 0
    return asked.map(({ length }) => {
      at += length
      return values.slice(at - length, at)
    })
  }

  const entriesBelow = async (
    group: KnownGroup,
    folders: readonly KnownFolder[],
    top: string,
  ): Promise<(readonly [string, unknown])[][]> => {
    const paths = await known.filesBelow(group, folders, top)
    const values = await lookEach(
      group,
      folders.map((folder, i) => (paths[i] as string[]).map((path) => ({ folder, path }))),
    )
    return paths.map((list, i) =>
      list.map((path, j) => [path.slice(top.length), values[i]?.[j]] as const).filter(([, value]) => value !== undefined && value !== null),
    )
  }

  const datasetsOf = async (group: KnownGroup, inputs: readonly (readonly Meta[])[]): Promise<DatasetInput[][]> => {
    const folder = known.folder(group, '')
    const links = inputs.map((metas) =>
      metas.filter((meta) => textOf(meta, 'source_type') === 'DATASET' && datasetPath(meta) !== undefined),
    )
    const found = await lookEach(
      group,
      links.map((metas) => metas.map((meta) => ({ folder, path: datasetPath(meta) as string }))),
    )
    return links.map((metas, i) => metas.flatMap((meta, j) => datasetOf(found[i]?.[j] as Meta | null | undefined, meta)))
  }

  const records = async (group: KnownGroup, heads: readonly RunHead[]): Promise<RunRecord[]> => {
    const folders = heads.map(({ runId }) => known.folder(group, runId))
    const params = await entriesBelow(group, folders, 'params/')
    const tags = await entriesBelow(group, folders, 'tags/')
    const metrics = await entriesBelow(group, folders, 'metrics/')
    const inputs = await metasBelow(group, folders, 'inputs/')
    const outputs = await metasBelow(group, folders, 'outputs/')
    const datasets = await datasetsOf(group, inputs)
    return heads.map((found, i) => {
      const texts = Object.fromEntries(tags[i] as [string, string][])
      return {
        ...found,
        runName: found.runName === '' ? (texts['mlflow.runName'] ?? '') : found.runName,
        params: Object.fromEntries(params[i] as [string, string][]),
        tags: texts,
        metrics: Object.fromEntries(metrics[i] as [string, MetricPoint][]),
        datasets: datasets[i] as DatasetInput[],
        inputModels: (inputs[i] as Meta[])
          .filter((input) => textOf(input, 'source_type') === 'MODEL')
          .map((input) => textOf(input, 'source_id') ?? ''),
        // MLflow's reader takes the model from the destination.
        outputModels: (outputs[i] as Meta[]).map((output) => ({
          modelId: textOf(output, 'destination_id') ?? '',
          step: numberOf(output, 'step') ?? 0,
        })),
      }
    })
  }

  return {
    head,
    records,
    async record(runId) {
      const place = await places.run(runId)
      return (await records(known.group(place.experiment), [await head(place, runId)]))[0] as RunRecord
    },
    search: (query) => searchRuns({ known, index, experiments, records }, query),
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

/** Where a link's dataset lies. The id comes from a file; nothing but a plain name may become a part of a key. */
function datasetPath(link: Meta): string | undefined {
  const id = textOf(link, 'source_id') ?? ''
  return /^[\w-]{1,100}$/.test(id) ? `datasets/${id}/meta.yaml` : undefined
}

function datasetOf(meta: Meta | null | undefined, link: Meta): DatasetInput[] {
  if (meta === undefined || meta === null) return []
  const context = textOf((link.tags ?? {}) as Meta, 'mlflow.data.context')
  const schema = textOf(meta, 'schema')
  const profile = textOf(meta, 'profile')
  return [
    {
      name: textOf(meta, 'name') ?? '',
      digest: textOf(meta, 'digest') ?? '',
      sourceType: textOf(meta, 'source_type') ?? '',
      source: textOf(meta, 'source') ?? '',
      ...(schema === undefined ? {} : { schema }),
      ...(profile === undefined ? {} : { profile }),
      ...(context === undefined ? {} : { context }),
    },
  ]
}
