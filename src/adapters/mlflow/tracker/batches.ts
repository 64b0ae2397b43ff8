/** Logging a batch, split by the server's limits: 1000 entries, 100 params, 100 tags and about 1 MB a request. */
import { assertBatch, isOnlyTags } from '../../../ports/run-keys'
import { assertTakesBatch } from '../../../ports/run-state'
import type { RunBatch, RunRecord } from '../../../ports/tracker-backend'
import type { MlflowClient } from '../client/client'
import { logOutputs } from '../client/create-once'
import { toPairs, type Wire } from '../client/wire'
import { toDataset, toPoint } from './records'

type Part = 'params' | 'tags' | 'metrics'

/** What one call of `runs/log-batch` carries. */
export type WireBatch = Readonly<Record<Part, readonly Wire[]>>

const maxBytes = 900_000
const maxEntries = 1000
const maxOf: Readonly<Record<Part, number>> = { params: 100, tags: 100, metrics: 1000 }

/** Adds a batch to a run. The server itself would accept metrics for a run that has ended, so the run's status is checked here. */
export async function logBatch(client: MlflowClient, runId: string, batch: RunBatch, getRun: () => Promise<RunRecord>): Promise<void> {
  assertBatch(batch, 'mlflow')
  const { datasets = [], inputModels = [], outputModels = [] } = batch
  if (!isOnlyTags(batch)) assertTakesBatch(await getRun(), batch)
  for (const { metrics, params, tags } of splitBatch(batch)) {
    await client.call('POST', 'runs/log-batch', { run_id: runId, metrics, params, tags })
  }
  // The server ignores an input that the run already has.
  if (datasets.length + inputModels.length > 0) {
    await client.call('POST', 'runs/log-inputs', {
      run_id: runId,
      datasets: datasets.map(toDataset),
      models: inputModels.map((modelId) => ({ model_id: modelId })),
    })
  }
  await logOutputs(client, runId, outputModels)
}

/** Splits a batch into as few calls as the limits allow. Params and tags go first, so that they are there when the points are read. */
export function splitBatch({ metrics = [], params, tags }: RunBatch): WireBatch[] {
  const items: (readonly [Part, Wire])[] = [
    ...toPairs(params).map((pair) => ['params', pair] as const),
    ...toPairs(tags).map((pair) => ['tags', pair] as const),
    ...metrics.map((point) => ['metrics', toPoint(point)] as const),
  ]
  const requests: Record<Part, Wire[]>[] = []
  let request: Record<Part, Wire[]> | undefined
  let entries = 0
  let bytes = 0
  for (const [part, item] of items) {
    // A UTF-16 unit is at most three UTF-8 bytes.
    const own = JSON.stringify(item).length * 3
    if (request === undefined || entries === maxEntries || request[part].length === maxOf[part] || bytes + own > maxBytes) {
      request = { params: [], tags: [], metrics: [] }
      requests.push(request)
      entries = 0
      bytes = 0
    }
    request[part].push(item)
    entries++
    bytes += own
  }
  return requests
}
