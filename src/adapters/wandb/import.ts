/** Imports a W&B run directory into any tracker backend. */

import { utf8 } from '../../core/bytes'
import { invalidArgument, isMillwrightError, MillwrightError, show } from '../../core/errors'
import { assertSafeKey, newId } from '../../core/ids'
import { canonicalJson } from '../../core/json'
import { anything, checkOptions, nonEmptyString, ofType } from '../../core/options'
import { type OnProgress, progressReporter } from '../../core/progress'
import { throwIfAborted } from '../../core/signal'
import type { ObjectStore } from '../../ports/object-store'
import { assertRunId, runLimits } from '../../ports/run-keys'
import type { EndStatus, MetricPoint, TrackerBackend } from '../../ports/tracker-backend'
import { importContent } from './import-content'
import { readWandbRun, type WandbRun } from './read'

/** Options of {@link importWandbRun}. */
export interface ImportWandbRunOptions {
  /** @default W&B's project */
  readonly experiment?: string | undefined
  /** @default W&B's run id, if it is valid here */
  readonly runId?: string | undefined
  /**
   * The source of the step: the x axis set by `define_metric`, if the row holds it as a whole number, or always W&B's own
   * row number. @default 'axis'
   */
  readonly stepFrom?: 'axis' | 'row' | undefined
  /** Also copies `files/` as artifacts. @default true */
  readonly files?: boolean | undefined
  /** Reads up to the first damaged record instead of refusing the file. @default false */
  readonly allowDamage?: boolean | undefined
  /** Checked between batches. After an abort the imported part stays, and the run ends `failed`. */
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: OnProgress<'metrics' | 'files'> | undefined
}

/** The result of an import. */
export interface WandbImport {
  readonly runId: string
  readonly status: EndStatus
  readonly points: number
  readonly params: number
  readonly files: number
  /** Keys that had to be changed. */
  readonly renamed: readonly { readonly from: string; readonly to: string }[]
  /** Params that are too long; they are in the artifact `wandb/run.json`. */
  readonly longParams: readonly string[]
  /** Whether the last record is incomplete, because the process was killed. */
  readonly isTorn: boolean
}

/** Points of one batch. */
const BATCH = 10_000

/**
 * Reads the `run-<id>.wandb` file in one or several directories of a run (each time a run is resumed W&B adds a directory) and logs
 * it as a run of `backend`.
 *
 * Metrics keep their steps and times; dicts are flattened with dots, booleans become 0 and 1, summary values that no row has become a last
 * point; params from the flattened config; tags `wandb.tags` (JSON list), `wandb.group`, `wandb.job_type`, `wandb.project`,
 * `wandb.entity`, `wandb.host`, the notes and git's commit under MLflow's names; system metrics under `system/`; `files/` as artifacts. Rows'
 * texts, lists and media go to the artifact `wandb/history.jsonl`, the whole config, summary, metric definitions and alerts to
 * `wandb/run.json`. Exit code 0 ends the run `finished`, none or 255 `killed`, another `failed`.
 *
 * @param storage for a folder on the disk: `fsStorage({ root: 'wandb' })`
 * @param folder key of the directory, such as `offline-run-20260131_120000-abc`, or several of one run in the order of time
 * @throws NotFound (no such directory), Corrupt, AlreadyExists (the run id), InvalidArgument, what the backend throws
 */
export async function importWandbRun(
  backend: TrackerBackend,
  storage: ObjectStore,
  folder: string | readonly string[],
  options: ImportWandbRunOptions = {},
): Promise<WandbImport> {
  checkOptions('importWandbRun', options, {
    experiment: nonEmptyString(),
    runId: nonEmptyString(),
    stepFrom: { allowed: "'axis' or 'row'", test: (value) => value === 'axis' || value === 'row' },
    files: ofType('boolean'),
    allowDamage: ofType('boolean'),
    signal: anything(),
    onProgress: ofType('function'),
  })
  const folders = typeof folder === 'string' ? [folder] : [...folder]
  if (folders.length === 0) throw invalidArgument('importWandbRun takes at least one directory, got none')
  const runs: WandbRun[] = []
  for (const one of folders) runs.push(await readDirectory(storage, one, options.allowDamage === true))
  const first = runs[0] as WandbRun
  const other = runs.find(({ runId }) => runId !== first.runId)
  if (other !== undefined) {
    throw invalidArgument(`importWandbRun takes directories of one run, got those of ${show(first.runId)} and ${show(other.runId)}`)
  }
  const content = importContent(runs, options.stepFrom ?? 'axis', backend.capabilities.keys ?? 'files')
  const { experimentId } = await backend.ensureExperiment(options.experiment ?? (content.project || 'wandb'))
  const { runId } = await backend.createRun({
    experimentId,
    runName: content.name.slice(0, runLimits.runName) || undefined,
    startTime: content.startTime,
    tags: content.tags,
    runId: options.runId ?? ownId(first.runId),
  })
  try {
    const { points, longParams } = await fill(backend, runId, content, options)
    const files = options.files === false ? 0 : await copyFiles(backend, runId, storage, folders, content.isOurs, options)
    await backend.updateRun(runId, { status: content.status, endTime: content.endTime })
    const params = Object.keys(content.params).length
    const isTorn = runs.some(({ tornAt, damagedAt }) => tornAt !== undefined || damagedAt !== undefined)
    return { runId, status: content.status, points, params, files, renamed: content.renamed, longParams, isTorn }
  } catch (error) {
    // The first error is thrown, not this one. If the backend cannot be reached, the run stays `running`.
    await Promise.resolve(backend.updateRun(runId, { status: 'failed' })).catch(() => {})
    throw error
  }
}

async function readDirectory(storage: ObjectStore, folder: string, allowDamage: boolean): Promise<WandbRun> {
  assertSafeKey(folder, 'the directory of importWandbRun')
  const { objects } = await storage.list({ prefix: `${folder}/`, shallow: true })
  const files = objects.filter(({ key }) => /\/run-[^/]+\.wandb$/.test(key))
  if (files.length !== 1) {
    throw new MillwrightError('NotFound', `${storage.name} must have one file run-<id>.wandb in ${show(folder)}, found ${files.length}`)
  }
  return readWandbRun(await storage.get((files[0] as { key: string }).key), { onDamage: allowDamage ? 'stop' : 'throw' })
}

function ownId(runId: string): string {
  try {
    assertRunId(runId)
    return runId
  } catch (error) {
    if (isMillwrightError(error, 'InvalidArgument')) return newId()
    throw error
  }
}

type Content = ReturnType<typeof importContent>

async function fill(
  backend: TrackerBackend,
  runId: string,
  content: Content,
  { signal, onProgress }: ImportWandbRunOptions,
): Promise<{ readonly points: number; readonly longParams: readonly string[] }> {
  await backend.logBatch(runId, { params: content.params, datasets: content.datasets })
  const report = progressReporter(onProgress)
  const points: MetricPoint[] = [...content.points]
  for (let at = 0; at < points.length; at += BATCH) {
    throwIfAborted(signal)
    await backend.logBatch(runId, { metrics: points.slice(at, at + BATCH) })
    report({ phase: 'metrics', done: Math.min(points.length, at + BATCH), total: points.length, unit: 'rows' })
  }
  await backend.putArtifact({ runId }, 'wandb/run.json', utf8(canonicalJson(content.rest)))
  if (content.otherRows.length > 0) {
    await backend.putArtifact({ runId }, 'wandb/history.jsonl', utf8(content.otherRows.map((row) => `${canonicalJson(row)}\n`).join('')))
  }
  if (content.output !== '') await backend.putArtifact({ runId }, 'wandb/output.txt', utf8(content.output))
  return { points: points.length, longParams: content.longParams }
}

async function copyFiles(
  backend: TrackerBackend,
  runId: string,
  storage: ObjectStore,
  folders: readonly string[],
  isOurs: boolean,
  { signal, onProgress }: ImportWandbRunOptions,
): Promise<number> {
  const found = new Map<string, string>()
  for (const folder of folders) {
    const prefix = `${folder}/files/`
    let cursor: string | undefined
    do {
      const page = await storage.list({ prefix, cursor, signal })
      for (const { key } of page.objects) {
        const path = key.slice(prefix.length)
        found.set(isOurs && path.startsWith('artifacts/') ? path.slice('artifacts/'.length) : path, key)
      }
      cursor = page.cursor
    } while (cursor !== undefined)
  }
  const report = progressReporter(onProgress)
  let done = 0
  for (const [path, key] of found) {
    throwIfAborted(signal)
    await backend.putArtifact({ runId }, path, await storage.get(key, { signal }))
    report({ phase: 'files', done: ++done, total: found.size, unit: 'batches' })
  }
  return found.size
}
