/** What waits for what: operations of one run, model or experiment go one after the other, those of different ones side by side. */
import { parentTag } from '../other-ids'
import type { QueuedOperation } from './operations'

/** Whose turn it is: the (local) id of the run, model or experiment that an operation changes. */
export function laneOf(operation: QueuedOperation): string {
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

/** The local id that an operation brings into being. */
export function madeBy(operation: QueuedOperation): string | undefined {
  return 'localId' in operation ? operation.localId : undefined
}

/** Ids that must be there before an operation makes sense, beside its own. */
export function needsOf(operation: QueuedOperation): readonly string[] {
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
