/** What W&B shows of a run beside its history: name, labels, config, environment. */
import type { RunBatch, RunRecord } from '../../ports/tracker-backend'
import { configRecord, environmentRecord, type JsonItem, type RunHead, runRecord, type WandbRecord } from './records'
import { paramJson } from './wandb-json'
import { DATASETS, TAGS, usableKey } from './wandb-keys'

/** The params, tags, datasets and name of a run, and the records that tell W&B about them. */
export interface RunFacts {
  /** The records that tell everything. */
  all(writerId: string): WandbRecord[]
  /** Takes in a batch. @returns the records that tell what is new in it */
  add(batch: RunBatch): WandbRecord[]
  /** Takes in another name. */
  rename(name: string): WandbRecord[]
  /** Takes in that a tag was deleted. */
  deleteTag(key: string): WandbRecord[]
}

/** The facts of `run` as it is now. */
export function runFacts(run: RunRecord, project: string, entity: string | undefined): RunFacts {
  const tags = new Map(Object.entries(run.tags))
  const params = new Map(Object.entries(run.params))
  const datasets = new Map(run.datasets.map((dataset) => [dataset.name, dataset]))
  let name = run.runName

  const head = (config?: readonly JsonItem[]): WandbRecord => runRecord({ ...headOf(run, tags), project, entity, name }, config)
  /** A param with the key `key` takes precedence over what we add under that key. */
  const item = (key: string, value: Readonly<Record<string, unknown>>): JsonItem[] =>
    params.has(key) ? [] : [[key, JSON.stringify(value)]]
  const tagItems = (): JsonItem[] => (tags.size === 0 ? [] : item(TAGS, Object.fromEntries(tags)))
  const datasetItems = (): JsonItem[] => {
    const entries = [...datasets].map(([key, { digest, sourceType, source, context }]) => [key, { digest, sourceType, source, context }])
    return entries.length === 0 ? [] : item(DATASETS, Object.fromEntries(entries))
  }

  return {
    all(writerId) {
      const paramItems = [...params].map(([key, value]) => [usableKey(key), paramJson(value)] as const)
      const environment = environmentRecord({ writerId, startTime: run.startTime, ...environmentOf(tags) })
      return [head([...paramItems, ...tagItems(), ...datasetItems()]), environment]
    },
    add(batch) {
      const records: WandbRecord[] = []
      const config: JsonItem[] = []
      for (const [key, value] of Object.entries(batch.params ?? {})) {
        params.set(key, value)
        config.push([usableKey(key), paramJson(value)])
      }
      for (const dataset of batch.datasets ?? []) datasets.set(dataset.name, dataset)
      if (batch.datasets?.length) config.push(...datasetItems())
      const newTags = Object.entries(batch.tags ?? {})
      for (const [key, value] of newTags) {
        tags.set(key, value)
        if (key === 'mlflow.runName') name = value
      }
      if (newTags.length > 0) {
        records.push(head())
        config.push(...tagItems())
      }
      if (config.length > 0) records.push(configRecord(config))
      return records
    },
    rename(newName) {
      name = newName
      tags.set('mlflow.runName', newName)
      return [head(), configRecord(tagItems())]
    },
    deleteTag(key) {
      tags.delete(key)
      // Written even when no tag is left: W&B keeps a config key until it gets another value.
      const config = item(TAGS, Object.fromEntries(tags))
      return [head(), ...(config.length === 0 ? [] : [configRecord(config)])]
    },
  }
}

function headOf({ runId, startTime }: RunRecord, tags: ReadonlyMap<string, string>): Omit<RunHead, 'project' | 'entity' | 'name'> {
  return {
    runId,
    notes: tags.get('mlflow.note.content'),
    group: tags.get('wandb.group') ?? tags.get('mlflow.parentRunId'),
    jobType: tags.get('wandb.job_type'),
    tags: labels(tags.get('wandb.tags')),
    host: tags.get('wandb.host'),
    startTime,
    gitCommit: tags.get('mlflow.source.git.commit'),
    gitUrl: tags.get('mlflow.source.git.repoURL'),
  }
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
