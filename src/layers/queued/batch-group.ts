/** Merges consecutive batches of one run into one request, within the limits of an MLflow server. */
import type { RunBatch } from '../../ports/tracker-backend'

const maxEntries = 1000
const maxPairs = 100
const maxBytes = 900_000

/** Batches merged into one. */
export interface BatchGroup {
  readonly batch: RunBatch
  /** Adds a batch. Returns `false` if it exceeds a limit or has another value for the same param. */
  add(batch: RunBatch, sizeBytes: number): boolean
}

/** Creates a group from a first batch, which may exceed the limits. */
export function batchGroup(first: RunBatch, sizeBytes: number): BatchGroup {
  const metrics = [...(first.metrics ?? [])]
  const params = new Map(Object.entries(first.params ?? {}))
  const tags = new Map(Object.entries(first.tags ?? {}))
  const lists = {
    datasets: [...(first.datasets ?? [])],
    inputModels: [...(first.inputModels ?? [])],
    outputModels: [...(first.outputModels ?? [])],
  }
  let bytes = sizeBytes
  return {
    get batch() {
      return { ...lists, metrics, params: Object.fromEntries(params), tags: Object.fromEntries(tags) }
    },
    add(next, nextBytes) {
      const nextParams = Object.entries(next.params ?? {})
      const nextTags = Object.entries(next.tags ?? {})
      const points = metrics.length + (next.metrics?.length ?? 0)
      // An upper bound: a key in both batches counts twice.
      const counts = [params.size + nextParams.length, tags.size + nextTags.length] as const
      if (counts[0] > maxPairs || counts[1] > maxPairs || points + counts[0] + counts[1] > maxEntries || bytes + nextBytes > maxBytes)
        return false
      if (nextParams.some(([key, value]) => params.has(key) && params.get(key) !== value)) return false
      metrics.push(...(next.metrics ?? []))
      for (const [key, value] of nextParams) params.set(key, value)
      for (const [key, value] of nextTags) tags.set(key, value)
      lists.datasets.push(...(next.datasets ?? []))
      lists.inputModels.push(...(next.inputModels ?? []))
      lists.outputModels.push(...(next.outputModels ?? []))
      bytes += nextBytes
      return true
    },
  }
}
