/** The artifacts and logged models of a queued tracker. */
import { invalidArgument, show } from '../../core/errors'
import { assertSafeKey, newId } from '../../core/ids'
import { assertBatch, assertModelName } from '../../ports/run-keys'
import type { LoggedModelRecord, TrackerBackend } from '../../ports/tracker-backend'
import type { OperationQueue } from './operation-queue'
import { newModelRecord } from './overlay'

/** The calls of the tracker port on artifacts. The bytes of an artifact are stored in the queue. */
export function queuedArtifacts(queue: OperationQueue): Pick<TrackerBackend, 'putArtifact' | 'getArtifact' | 'listArtifacts'> {
  const { backend, ids } = queue
  return {
    async putArtifact(owner, path, bytes) {
      assertSafeKey(path, 'an artifact path')
      await queue.begin()
      await queue.enqueue({ kind: 'artifact', owner, path }, bytes)
    },
    getArtifact: (owner, path) =>
      queue.read(
        async () => backend.getArtifact(await ids.toServerOwner(owner), path),
        () => undefined,
      ),
    listArtifacts: (owner, path) =>
      queue.read(
        async () => backend.listArtifacts(await ids.toServerOwner(owner), path),
        () => undefined,
      ),
  }
}

/** The calls of the tracker port on logged models. Models created while the backend does not answer have local ids. */
export function queuedModels(queue: OperationQueue): Pick<TrackerBackend, 'createModel' | 'getModel' | 'finishModel'> {
  const { backend, ids, overlay } = queue
  const toLocal = (record: LoggedModelRecord): LoggedModelRecord => ({ ...record, modelId: ids.toLocal(record.modelId) })
  return {
    async createModel(init) {
      assertModelName(init.name)
      assertBatch({ tags: init.tags, params: init.params }, backend.capabilities.keys)
      await queue.begin()
      const localId = `m-${newId()}`
      const created = (await queue.enqueue({ kind: 'model', localId, init })) as LoggedModelRecord | undefined
      const record = created === undefined ? newModelRecord(localId, init) : toLocal(created)
      overlay.setModel(record)
      return record
    },
    getModel: (modelId) =>
      queue.read(
        async () => toLocal(await backend.getModel(await ids.toServer(modelId))),
        () => overlay.models.get(modelId),
      ),
    async finishModel(modelId, status) {
      if (status !== 'ready' && status !== 'failed') {
        throw invalidArgument(`finishModel takes the status "ready" or "failed", got ${show(status)}`)
      }
      await queue.begin()
      await queue.enqueue({ kind: 'finish', modelId, status })
      const held = overlay.models.get(modelId)
      if (held !== undefined) overlay.setModel({ ...held, status })
    },
  }
}
