/** Reads runs back: heads, whole records, histories. */
import { MillwrightError, show } from '../../core/errors'
import { type Meta, numberOf, textOf } from '../../mlruns/meta'
import { parseMetricLines, sortPoints } from '../../mlruns/metric-lines'
import { type RunHead, runHead } from '../../mlruns/run-meta'
import { pageOfPoints } from '../../ports/metric-points'
import type { DatasetInput, MetricPoint, Page, RunQuery, RunRecord } from '../../ports/tracker-backend'
import type { Experiments } from './experiments'
import type { KnownFiles, KnownFolder, KnownGroup } from './known-files'
import type { Place, Places } from './places'
import { searchRuns } from './run-finder'
import type { RunIndex } from './run-index'
import type { Tree } from './tree'

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
    const seen = (await known.read([{ folder: known.folder(known.group(experiment), runId), path: 'meta.yaml' }]))[0] as
      | Meta
      | null
      | undefined
    // A file that could not be read is read again, for its error.
    const meta = seen ?? (await tree.readMeta(`${base}meta.yaml`))
    if (meta === undefined) throw new MillwrightError('NotFound', `${tree.storage.name} has no run ${show(runId)}`)
    const found = runHead(meta, runId)
    if (found === undefined) throw new MillwrightError('Corrupt', `${base}meta.yaml is not that of run ${runId}`)
    return found
  }

  const datasetsOf = async (group: KnownGroup, inputs: readonly (readonly Meta[])[]): Promise<DatasetInput[][]> => {
    const folder = known.folder(group, '')
    const links = inputs.map((metas) =>
      metas.filter((meta) => textOf(meta, 'source_type') === 'DATASET' && datasetPath(meta) !== undefined),
    )
    const found = await known.readEach(links.map((metas) => metas.map((meta) => ({ folder, path: datasetPath(meta) as string }))))
    return links.map((metas, i) => metas.flatMap((meta, j) => datasetOf(found[i]?.[j] as Meta | null | undefined, meta)))
  }

  const records = async (group: KnownGroup, heads: readonly RunHead[]): Promise<RunRecord[]> => {
    const folders = heads.map(({ runId }) => known.folder(group, runId))
    const params = await known.entriesBelow(folders, 'params/')
    const tags = await known.entriesBelow(folders, 'tags/')
    const metrics = await known.entriesBelow(folders, 'metrics/')
    const inputs = await metasBelow(known, folders, 'inputs/')
    const outputs = await metasBelow(known, folders, 'outputs/')
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

/** The `meta.yaml` files in the folders below a path of each folder. */
async function metasBelow(known: KnownFiles, folders: readonly KnownFolder[], top: string): Promise<Meta[][]> {
  const names = await known.read(folders.map((folder) => ({ folder, path: top })))
  const values = await known.readEach(
    folders.map((folder, i) =>
      ((names[i] ?? []) as readonly string[])
        .filter((name) => name.endsWith('/'))
        .map((name) => ({ folder, path: `${top}${name}meta.yaml` })),
    ),
  )
  return values.map((metas) => (metas as (Meta | null | undefined)[]).filter((meta) => meta !== undefined && meta !== null))
}

/** The path of a link's dataset. The id comes from a file, so that it is checked before it becomes part of a key. */
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
