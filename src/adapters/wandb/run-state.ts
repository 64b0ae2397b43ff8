/** What W&B is to be told of a run: our batches as its records. */
import { isLaterPoint } from '../../ports/metric-points'
import type { MetricPoint, RunBatch, RunRecord, RunStatus } from '../../ports/tracker-backend'
import {
  configRecord,
  environmentRecord,
  exitRecord,
  headerRecord,
  historyRecord,
  type JsonItem,
  metricRecord,
  type RunHead,
  runRecord,
  statsRecord,
  summaryRecord,
  type WandbRecord,
} from './records'
import { numberText, paramJson } from './wandb-json'

/** MLflow's prefix of system metrics, which W&B keeps apart. */
export const SYSTEM = 'system/'
/** MLflow's and W&B's name of the one measure that both take in the same way. */
export const memoryNames = ['system_memory_usage_percentage', 'memory_percent'] as const
/** Names in rows and in the config that are W&B's own. */
const reserved = /^_(?:step|timestamp|runtime|wandb)$/
/** Key of the config under which tags stand. */
export const TAGS = 'run_tags'
/** Key of the config under which datasets stand. */
export const DATASETS = 'datasets'

/** Who wrote the file. */
export const PRODUCER = 'millwright'

/** W&B's exit codes: 255 is its own for an interrupted run. */
export const exitCodes: Readonly<Partial<Record<RunStatus, number>>> = { finished: 0, failed: 1, killed: 255 }

/** W&B's rule for names of projects: at most 128 characters, none of `/ \ # ? % :`. */
export function projectName(name: string): string {
  return name.replace(/[/\\#?%:]/g, '-').slice(0, 128)
}

/** How a run is told. */
export interface RunStateInit {
  readonly run: RunRecord
  readonly project: string
  readonly entity: string | undefined
  readonly stepKey: string
  /** The first free row. */
  readonly nextRow: number
}

/** A run as W&B knows it, in this process. */
export interface RunState {
  /** The records a directory begins with. */
  opening(writerId: string): WandbRecord[]
  /** The records of a batch. */
  batch(batch: RunBatch): WandbRecord[]
  /** The records of another name. */
  renamed(name: string): WandbRecord[]
  /** The records of a tag that is gone. */
  untagged(key: string): WandbRecord[]
  /** One row of what is no number: media. */
  row(step: number, timestamp: number, items: readonly JsonItem[]): WandbRecord[]
  /** The records of the end. */
  ending(exitCode: number, endTime: number): WandbRecord[]
}

/** Starts from what the run has now: a directory tells params, tags and summary once more when a run is taken up again. */
export function runState({ run, project, entity, stepKey, nextRow }: RunStateInit): RunState {
  const tags = new Map(Object.entries(run.tags))
  const params = new Map(Object.entries(run.params))
  const datasets = new Map(run.datasets.map((dataset) => [dataset.name, dataset]))
  const last = new Map(Object.entries(run.metrics))
  const defined = new Set<string>()
  let name = run.runName
  let next = nextRow

  const seconds = (ms: number): number => (ms - run.startTime) / 1000
  const times = (row: number, ms: number): JsonItem[] => [
    ['_step', String(row)],
    ['_timestamp', numberText(ms / 1000)],
    ['_runtime', numberText(seconds(ms))],
  ]
  const head = (): RunHead => ({
    runId: run.runId,
    project,
    entity,
    name,
    notes: tags.get('mlflow.note.content'),
    group: tags.get('wandb.group') ?? tags.get('mlflow.parentRunId'),
    jobType: tags.get('wandb.job_type'),
    tags: labels(tags.get('wandb.tags')),
    host: tags.get('wandb.host'),
    startTime: run.startTime,
    gitCommit: tags.get('mlflow.source.git.commit'),
    gitUrl: tags.get('mlflow.source.git.repoURL'),
  })
  /** A param of that name stands before what we add ourselves. */
  const added = (key: string, value: Readonly<Record<string, unknown>>): JsonItem[] =>
    params.has(key) || Object.keys(value).length === 0 ? [] : [[key, JSON.stringify(value)]]
  const tagItems = (): JsonItem[] => added(TAGS, Object.fromEntries(tags))
  const datasetItems = (): JsonItem[] =>
    added(
      DATASETS,
      Object.fromEntries(
        [...datasets].map(([key, { digest, sourceType, source, context }]) => [key, { digest, sourceType, source, context }]),
      ),
    )
  const rowRecords = (step: number, ms: number, items: readonly JsonItem[], ownStep: boolean): WandbRecord => {
    next = Math.max(next, step)
    const row = next++
    return historyRecord(row, [...items, ...(ownStep ? [] : [[stepKey, String(step)] as const]), ...times(row, ms)])
  }
  const metricRecords = (points: readonly MetricPoint[]): WandbRecord[] => {
    if (points.length === 0) return []
    const records: WandbRecord[] = []
    const changed = new Set<string>()
    for (const { key } of points) {
      if (defined.has(key)) continue
      defined.add(key)
      records.push(metricRecord(free(key), key === stepKey ? undefined : stepKey))
    }
    for (const point of points) {
      const held = last.get(point.key)
      if (held !== undefined && isLaterPoint(held, point)) continue
      last.set(point.key, point)
      changed.add(point.key)
    }
    let latest = 0
    for (const { step, timestamp, values } of rowsOf(points)) {
      latest = Math.max(latest, timestamp)
      const items = [...values].map(([key, value]) => [free(key), numberText(value)] as const)
      records.push(rowRecords(step, timestamp, items, values.has(stepKey)))
    }
    const summary = [...changed].map((key) => [free(key), numberText((last.get(key) as MetricPoint).value)] as const)
    records.push(summaryRecord([...summary, ...times(next - 1, latest)]))
    return records
  }

  return {
    opening(writerId) {
      const facts = { writerId, startTime: run.startTime, ...environmentOf(tags) }
      const config = [...[...params].map(([key, value]) => [free(key), paramJson(value)] as const), ...tagItems(), ...datasetItems()]
      const known = [...last].filter(([key]) => !key.startsWith(SYSTEM)).map(([key, { value }]) => [free(key), numberText(value)] as const)
      return [
        headerRecord(PRODUCER),
        runRecord(head(), config),
        environmentRecord(facts),
        ...(known.length === 0 ? [] : [summaryRecord(known)]),
      ]
    },
    batch(batch) {
      const records: WandbRecord[] = []
      const config: JsonItem[] = []
      for (const [key, value] of Object.entries(batch.params ?? {})) {
        params.set(key, value)
        config.push([free(key), paramJson(value)])
      }
      for (const dataset of batch.datasets ?? []) datasets.set(dataset.name, dataset)
      if (batch.datasets?.length) config.push(...datasetItems())
      const newTags = Object.entries(batch.tags ?? {})
      for (const [key, value] of newTags) {
        tags.set(key, value)
        if (key === 'mlflow.runName') name = value
      }
      if (newTags.length > 0) {
        records.push(runRecord(head()))
        config.push(...tagItems())
      }
      if (config.length > 0) records.push(configRecord(config))
      const points = batch.metrics ?? []
      records.push(...metricRecords(points.filter(({ key }) => !key.startsWith(SYSTEM))))
      for (const [ms, values] of samplesOf(points)) records.push(statsRecord(ms, values))
      return records
    },
    renamed(given) {
      name = given
      tags.set('mlflow.runName', given)
      return [runRecord(head()), configRecord(tagItems())]
    },
    untagged(key) {
      tags.delete(key)
      return [runRecord(head()), ...(params.has(TAGS) ? [] : [configRecord([[TAGS, JSON.stringify(Object.fromEntries(tags))]])])]
    },
    row(step, ms, items) {
      return [rowRecords(step, ms, items, false), summaryRecord([...items, ...times(next - 1, ms)])]
    },
    ending(exitCode, endTime) {
      const runtime = Math.max(0, Math.floor(seconds(endTime)))
      return [summaryRecord([['_wandb', JSON.stringify({ runtime })]]), exitRecord(exitCode, runtime)]
    },
  }
}

function free(key: string): string {
  return reserved.test(key) ? `${key}_` : key
}

/** The W&B labels in our tag: a JSON list of texts, or one label. */
function labels(text: string | undefined): string[] {
  if (text === undefined || text === '') return []
  try {
    const list: unknown = JSON.parse(text)
    if (Array.isArray(list)) return list.filter((item): item is string => typeof item === 'string' && item !== '')
  } catch {
    // Not JSON: it is the label itself.
  }
  return [text]
}

function environmentOf(tags: ReadonlyMap<string, string>): Omit<Parameters<typeof environmentRecord>[0], 'writerId' | 'startTime'> {
  return {
    os: tags.get('millwright.os'),
    program: tags.get('mlflow.source.name'),
    host: tags.get('wandb.host'),
    user: tags.get('mlflow.user'),
    executable: tags.get('millwright.runtime'),
    gitCommit: tags.get('mlflow.source.git.commit'),
    gitUrl: tags.get('mlflow.source.git.repoURL'),
  }
}

interface Row {
  readonly step: number
  /** Of the last point in it. */
  timestamp: number
  readonly values: Map<string, number>
}

/** Rows in the order of their steps. What one step has twice stands in a second row. */
function rowsOf(points: readonly MetricPoint[]): Row[] {
  const steps = new Map<number, { readonly rows: Row[]; readonly counts: Map<string, number> }>()
  for (const { key, value, step, timestamp } of points) {
    const held = steps.get(step) ?? { rows: [], counts: new Map<string, number>() }
    if (held.rows.length === 0) steps.set(step, held)
    const count = held.counts.get(key) ?? 0
    held.counts.set(key, count + 1)
    const row = held.rows[count] ?? { step, timestamp, values: new Map<string, number>() }
    if (count === held.rows.length) held.rows.push(row)
    row.values.set(key, value)
    row.timestamp = Math.max(row.timestamp, timestamp)
  }
  return [...steps.values()].flatMap(({ rows }) => rows).sort((a, b) => a.step - b.step)
}

/** System metrics by their time. */
function samplesOf(points: readonly MetricPoint[]): Map<number, Map<string, number>> {
  const samples = new Map<number, Map<string, number>>()
  for (const { key, value, timestamp } of points) {
    if (!key.startsWith(SYSTEM)) continue
    const sample = samples.get(timestamp) ?? new Map<string, number>()
    const name = key.slice(SYSTEM.length)
    samples.set(timestamp, sample.set(name === memoryNames[0] ? memoryNames[1] : name, value))
  }
  return samples
}
