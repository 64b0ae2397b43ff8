/** Converts a W&B run to params, tags and points, and collects what cannot be converted. */
import { type RunKeyRule, runLimits } from '../../ports/run-keys'
import type { DatasetInput, EndStatus, MetricPoint } from '../../ports/tracker-backend'
import { freeNames } from './names'
import type { WandbRun, WandbValues } from './read'
import { numberText } from './wandb-json'
import { DATASETS, memoryNames, PRODUCER, SYSTEM, TAGS } from './wandb-keys'

/** The converted run. */
export interface ImportContent {
  readonly project: string
  readonly name: string
  readonly status: EndStatus
  readonly startTime: number
  readonly endTime: number
  readonly params: Readonly<Record<string, string>>
  readonly longParams: readonly string[]
  readonly tags: Readonly<Record<string, string>>
  readonly datasets: readonly DatasetInput[]
  readonly points: readonly MetricPoint[]
  readonly renamed: readonly { readonly from: string; readonly to: string }[]
  /** Rows with values that are no numbers. */
  readonly otherRows: readonly WandbValues[]
  readonly output: string
  /** Whole config, summary, metric definitions, alerts. */
  readonly rest: Readonly<Record<string, unknown>>
  /** Whether `wandbOffline` wrote it. */
  readonly isOurs: boolean
}

type Entry = readonly [key: string, value: unknown]
/** A point with W&B's key. */
type RawPoint = { readonly key: string; readonly value: number; readonly step: number; readonly timestamp: number }

/** Reads directories of one run, the latest last. */
export function importContent(runs: readonly WandbRun[], stepFrom: 'axis' | 'row', rule: RunKeyRule): ImportContent {
  const last = runs.at(-1) as WandbRun
  const startTime = Math.min(...runs.map((run) => run.startTime))
  const isOurs = last.producer === PRODUCER
  const config = Object.assign({}, ...runs.map((run) => run.config)) as Record<string, unknown>
  const summary = Object.assign({}, ...runs.map((run) => run.summary)) as Record<string, unknown>
  const { [TAGS]: ownTags, [DATASETS]: ownDatasets, ...plainConfig } = config
  const params = flatten(isOurs ? plainConfig : config)
  const { points, otherRows } = rowsOf(runs, stepFrom, isOurs)
  const held = new Set(points.map(({ key }) => key))
  const endTime = Math.max(
    ...runs.map(({ lastTime, startTime: start, runtimeSeconds }) => Math.max(lastTime, start + (runtimeSeconds || 0) * 1000)),
  )
  const lastStep = points.reduce((step, point) => Math.max(step, point.step), 0)
  for (const [key, value] of flatten(summary)) {
    const number = numberOf(value)
    if (number !== undefined && !/^_(?:step|timestamp|runtime|wandb\b)/.test(key) && !held.has(key)) {
      points.push({ key, value: number, step: lastStep, timestamp: endTime })
    }
  }
  for (const point of statsOf(runs)) points.push(point)
  const names = freeNames(new Set(points.map(({ key }) => key)), 'metric', rule)
  const paramNames = freeNames(
    params.map(([key]) => key),
    'param',
    rule,
  )
  const texts = params.map(([key, value]) => [paramNames.get(key) as string, paramText(value)] as const)
  return {
    project: last.project,
    name: last.name,
    status: statusOf(last.exitCode),
    startTime,
    endTime: Math.max(startTime, Math.round(endTime)),
    params: Object.fromEntries(texts.filter(([, text]) => text.length <= runLimits.paramValue)),
    longParams: texts.filter(([, text]) => text.length > runLimits.paramValue).map(([key]) => key),
    tags: { ...tagsOf(last), ...(isOurs ? stringsOf(ownTags) : {}) },
    datasets: isOurs ? datasetsOf(ownDatasets) : [],
    points: points.map((point) => ({ ...point, key: names.get(point.key) as string })),
    renamed: [...names, ...paramNames].filter(([from, to]) => from !== to).map(([from, to]) => ({ from, to })),
    otherRows,
    output: runs.map(({ output }) => output).join(''),
    rest: {
      runId: last.runId,
      config,
      summary,
      metrics: last.metrics,
      alerts: runs.flatMap(({ alerts }) => alerts),
      exitCode: last.exitCode ?? null,
      producer: last.producer,
    },
    isOurs,
  }
}

function statusOf(exitCode: number | undefined): EndStatus {
  if (exitCode === 0) return 'finished'
  return exitCode === undefined || exitCode === 255 ? 'killed' : 'failed'
}

/** Flattens plain dicts with dots, as W&B's UI does; media (`_type`) and lists are kept whole. */
function flatten(values: WandbValues, prefix = ''): Entry[] {
  return Object.entries(values).flatMap(([key, value]) => {
    const path = prefix + key
    const isDict = typeof value === 'object' && value !== null && !Array.isArray(value) && !('_type' in value)
    return isDict && Object.keys(value).length > 0 ? flatten(value as WandbValues, `${path}.`) : [[path, value] as const]
  })
}

function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return value
  return typeof value === 'boolean' ? Number(value) : undefined
}

function paramText(value: unknown): string {
  if (typeof value === 'string') return value.toWellFormed()
  return typeof value === 'number' ? numberText(value) : JSON.stringify(value)
}

function rowsOf(
  runs: readonly WandbRun[],
  stepFrom: 'axis' | 'row',
  isOurs: boolean,
): { readonly points: RawPoint[]; readonly otherRows: WandbValues[] } {
  const axes = axisFinder(runs)
  const axisNames = new Set(runs.flatMap(({ metrics }) => metrics.map(({ stepMetric }) => stepMetric)))
  const defined = new Set(runs.flatMap(({ metrics }) => metrics.map(({ name }) => name)))
  const points: RawPoint[] = []
  const otherRows: WandbValues[] = []
  for (const { step, timestamp, values } of runs.flatMap(({ history }) => history)) {
    const entries = flatten(values)
    const row = new Map(entries)
    const other: Record<string, unknown> = {}
    for (const [key, value] of entries) {
      const number = numberOf(value)
      if (number === undefined) {
        if (key !== '__proto__') other[key] = value
        continue
      }
      // The x axis column that wandbOffline adds is the step itself.
      if (isOurs && axisNames.has(key) && !defined.has(key)) continue
      const axis = stepFrom === 'axis' ? row.get(axes(key) ?? '') : undefined
      points.push({ key, value: number, step: Number.isSafeInteger(axis) ? (axis as number) : step, timestamp })
    }
    if (Object.keys(other).length > 0) otherRows.push({ _step: step, _timestamp: timestamp / 1000, ...other })
  }
  return { points, otherRows }
}

/** The x axis of a key: from its own definition, else from the longest matching pattern (`val/*`). */
function axisFinder(runs: readonly WandbRun[]): (key: string) => string | undefined {
  const exact = new Map<string, string>()
  const patterns: (readonly [string, string])[] = []
  for (const { name, stepMetric } of runs.flatMap(({ metrics }) => metrics)) {
    if (stepMetric === '') continue
    if (name.endsWith('*')) patterns.push([name.slice(0, -1), stepMetric])
    else exact.set(name.replace(/\\\./g, '.'), stepMetric)
  }
  patterns.sort(([a], [b]) => b.length - a.length)
  return (key) => exact.get(key) ?? patterns.find(([start]) => key.startsWith(start))?.[1]
}

function statsOf(runs: readonly WandbRun[]): RawPoint[] {
  return runs
    .flatMap(({ stats }) => stats)
    .flatMap(({ timestamp, values }, step) =>
      Object.entries(values).map(([name, value]) => ({
        key: SYSTEM + (name === memoryNames[1] ? memoryNames[0] : name),
        value,
        step,
        timestamp,
      })),
    )
}

function tagsOf(run: WandbRun): Record<string, string> {
  const tags: Record<string, string> = {
    'wandb.run_id': run.runId,
    'wandb.project': run.project,
    'wandb.entity': run.entity,
    'wandb.group': run.group,
    'wandb.job_type': run.jobType,
    'wandb.tags': run.tags.length === 0 ? '' : JSON.stringify(run.tags),
    'wandb.host': run.host,
    'mlflow.note.content': run.notes,
    'mlflow.source.name': run.program,
    'mlflow.source.git.commit': run.gitCommit,
    'mlflow.source.git.repoURL': run.gitUrl,
  }
  return Object.fromEntries(
    Object.entries(tags)
      .filter(([, value]) => value !== '')
      .map(([key, value]) => [key, value.slice(0, runLimits.tagValue).toWellFormed()]),
  )
}

function stringsOf(value: unknown): Record<string, string> {
  if (typeof value !== 'object' || value === null) return {}
  return Object.fromEntries(Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'))
}

function datasetsOf(value: unknown): DatasetInput[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value as Record<string, Partial<DatasetInput>>).map(
    ([name, { digest = '', sourceType = '', source = '', context }]) => ({
      name,
      digest,
      sourceType,
      source,
      ...(context === undefined ? {} : { context }),
    }),
  )
}
