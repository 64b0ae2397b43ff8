/** Turns what is logged to a run into the records that W&B expects. */
import type { MetricPoint, RunBatch } from '../../ports/tracker-backend'
import { exitRecord, headerRecord, type JsonItem, statsRecord, summaryRecord, type WandbRecord } from './records'
import { runFacts } from './run-facts'
import { type RunHistoryInit, runHistory } from './run-history'
import { memoryNames, PRODUCER, SYSTEM } from './wandb-keys'

/** What {@link runState} needs to know. */
export interface RunStateInit extends RunHistoryInit {
  readonly project: string
  readonly entity: string | undefined
}

/** What W&B knows of a run: each method takes in a change and returns the records that tell W&B about it. */
export interface RunState {
  /** The records at the beginning of a directory. */
  opening(writerId: string): WandbRecord[]
  batch(batch: RunBatch): WandbRecord[]
  renamed(name: string): WandbRecord[]
  /** A tag was deleted. */
  untagged(key: string): WandbRecord[]
  /** One row of the history with JSON items, such as images. */
  row(step: number, timestamp: number, items: readonly JsonItem[]): WandbRecord[]
  /** The run ended at `endTime`, in epoch milliseconds. */
  ending(exitCode: number, endTime: number): WandbRecord[]
}

/** Starts from what the run has now, so that `opening` tells W&B all of it: a run that is resumed gets a new directory. */
export function runState(init: RunStateInit): RunState {
  const { run, project, entity } = init
  const facts = runFacts(run, project, entity)
  const history = runHistory(init)
  return {
    opening: (writerId) => [headerRecord(PRODUCER), ...facts.all(writerId), ...history.summary()],
    batch(batch) {
      const points = batch.metrics ?? []
      const systemRecords = [...systemSamples(points)].map(([ms, values]) => statsRecord(ms, values))
      return [...facts.add(batch), ...history.add(points.filter(({ key }) => !key.startsWith(SYSTEM))), ...systemRecords]
    },
    renamed: (name) => facts.rename(name),
    untagged: (key) => facts.deleteTag(key),
    row: (step, timestamp, items) => history.addRow(step, timestamp, items),
    ending(exitCode, endTime) {
      const runtime = Math.max(0, Math.floor((endTime - run.startTime) / 1000))
      return [summaryRecord([['_wandb', JSON.stringify({ runtime })]]), exitRecord(exitCode, runtime)]
    },
  }
}

/** System metrics: time → name → value. */
function systemSamples(points: readonly MetricPoint[]): Map<number, Map<string, number>> {
  const samples = new Map<number, Map<string, number>>()
  for (const { key, value, timestamp } of points) {
    if (!key.startsWith(SYSTEM)) continue
    const sample = samples.get(timestamp) ?? new Map<string, number>()
    const name = key.slice(SYSTEM.length)
    samples.set(timestamp, sample.set(name === memoryNames[0] ? memoryNames[1] : name, value))
  }
  return samples
}
