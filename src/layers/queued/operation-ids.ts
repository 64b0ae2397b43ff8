/** The ids in an operation. Operations on one run, model or experiment are delivered in order, those on different ones in parallel. */
import { parentTag } from '../id-rewrite'
import type { QueuedOperation } from './operations'

/** The (local) id of the run, model or experiment that an operation changes. */
export function subjectOf(operation: QueuedOperation): string {
  switch (operation.kind) {
    case 'experiment':
    case 'run':
    case 'model':
      return operation.localId
    case 'artifact':
      return 'runId' in operation.owner ? operation.owner.runId : operation.owner.modelId
    case 'finish':
      return operation.modelId
    default:
      return operation.runId
  }
}

/** The local id of the run, model or experiment that an operation creates. */
export function createdIdOf(operation: QueuedOperation): string | undefined {
  return 'localId' in operation ? operation.localId : undefined
}

/** Ids, other than its subject's, that must exist before an operation is delivered. */
export function requiredIdsOf(operation: QueuedOperation): readonly string[] {
  switch (operation.kind) {
    case 'run':
      return [operation.init.experimentId, operation.init.tags?.[parentTag] ?? '']
    case 'model':
      return [operation.init.experimentId, operation.init.sourceRunId ?? '']
    case 'batch': {
      const { tags, inputModels = [], outputModels = [] } = operation.batch
      return [tags?.[parentTag] ?? '', ...inputModels, ...outputModels.map(({ modelId }) => modelId)]
    }
    default:
      return []
  }
}

/** The id that the backend assigned, with the local one. `record`: the backend's answer to the operation. */
export function assignedIds(
  operation: QueuedOperation,
  record: unknown,
): { readonly localId: string; readonly serverId: string } | undefined {
  const { experimentId, runId, modelId } = (record ?? {}) as {
    readonly experimentId?: string
    readonly runId?: string
    readonly modelId?: string
  }
  const byKind: Partial<Record<QueuedOperation['kind'], string | undefined>> = { experiment: experimentId, run: runId, model: modelId }
  const serverId = byKind[operation.kind]
  return serverId === undefined || !('localId' in operation) ? undefined : { localId: operation.localId, serverId }
}
