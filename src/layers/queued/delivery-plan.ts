/** Chooses the operations to deliver next. */
import { batchGroup } from './batch-group'
import { createdIdOf, requiredIdsOf, subjectOf } from './operation-ids'
import type { QueuedOperation } from './operations'
import type { QueueEntry } from './queue-log'

/**
 * The first entry that may be delivered now: no delivery of its subject is running, no earlier entry of its subject waits, and no earlier
 * entry creates an id that it needs. Includes the following batches of the same run that fit into one request.
 */
export function nextDelivery(upcoming: readonly QueueEntry[], running: ReadonlySet<string>, now: number): QueueEntry[] | undefined {
  const busy = new Set(running)
  const toBeCreated = new Set<string>()
  for (const [index, entry] of upcoming.entries()) {
    const { operation } = entry
    if (operation === undefined) return [entry]
    const subject = subjectOf(operation)
    const isFree = !busy.has(subject) && !requiredIdsOf(operation).some((id) => toBeCreated.has(id))
    if (isFree && entry.notBefore <= now) return [entry, ...batchesAfter(upcoming, index, toBeCreated)]
    busy.add(subject)
    const created = createdIdOf(operation)
    if (created !== undefined) toBeCreated.add(created)
  }
  return undefined
}

/** The batches that can be sent in one request with the batch at `index`. */
function batchesAfter(upcoming: readonly QueueEntry[], index: number, toBeCreated: ReadonlySet<string>): QueueEntry[] {
  const first = upcoming[index] as QueueEntry
  if (first.operation?.kind !== 'batch' || first.isAlone) return []
  const { runId } = first.operation
  const group = batchGroup(first.operation.batch, first.sizeBytes)
  const batches: QueueEntry[] = []
  const createdBefore = new Set(toBeCreated)
  for (const entry of upcoming.slice(index + 1)) {
    const { operation } = entry
    if (operation === undefined) break
    if (subjectOf(operation) === runId) {
      if (operation.kind !== 'batch' || entry.isAlone || requiredIdsOf(operation).some((id) => createdBefore.has(id))) break
      if (!group.add(operation.batch, entry.sizeBytes)) break
      batches.push(entry)
    }
    const created = createdIdOf(operation)
    if (created !== undefined) createdBefore.add(created)
  }
  return batches
}

/** The operation of an entry, or the batches of several entries merged into one. */
export function mergedOperation(entries: readonly QueueEntry[]): QueuedOperation {
  const [first, ...rest] = entries as readonly [QueueEntry, ...QueueEntry[]]
  const operation = first.operation as QueuedOperation
  if (rest.length === 0 || operation.kind !== 'batch') return operation
  const merged = batchGroup(operation.batch, first.sizeBytes)
  for (const entry of rest) if (entry.operation?.kind === 'batch') merged.add(entry.operation.batch, entry.sizeBytes)
  return { ...operation, batch: merged.batch }
}
