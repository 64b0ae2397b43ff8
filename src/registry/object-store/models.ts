/** Registered models in MLflow's layout on an object store. */
import { invalidArgument, show } from '../../core/errors'
import { MODELS_ROOT, modelFolder } from '../../mlruns/keys'
import { modelMeta, parseModelMeta } from '../../mlruns/model-meta'
import type { ObjectStore } from '../../ports/object-store'
import type { RegistryBackend } from '../../ports/registry-backend'
import { missingModel } from '../../ports/registry-errors'
import { assertModelName } from '../reference'
import { readModel } from './read-records'
import { listFolders, putOnce, readAll, updateObject, writeTags } from './stored-records'

/** The calls on registered models. */
export function storedModels(store: ObjectStore): Pick<RegistryBackend, 'ensureModel' | 'getModel' | 'listModels' | 'updateModel'> {
  return {
    getModel: (name) => readModel(store, name),
    async ensureModel(name, { createdAt }) {
      assertModelName(name)
      // MLflow reads folder names as parts of a URI. It would not find the meta.yaml of such a model, and its listing of all models would fail.
      if (/[#?]/.test(name)) throw invalidArgument(`the name of a registered model in files must not hold # or ?, got ${show(name)}`)
      const key = `${modelFolder(name)}meta.yaml`
      if ((await store.head(key)) === undefined) {
        await putOnce(store, key, modelMeta(name, { createdAt, updatedAt: createdAt, description: '' }))
      }
    },
    async listModels(limit, onDamaged) {
      const folders = await listFolders(store, MODELS_ROOT)
      return readAll(folders.slice(0, limit), (folder) => readModel(store, folder.slice(MODELS_ROOT.length, -1)), onDamaged)
    },
    async updateModel(name, change) {
      const model = await readModel(store, name)
      if (model === undefined) throw missingModel(store.name, name)
      const { checkKeysBeside } = await import('../tags')
      checkKeysBeside(change.tags ?? {}, model.tags)
      await writeTags(store, modelFolder(name), change.tags)
      const key = `${modelFolder(name)}meta.yaml`
      await updateObject(store, key, async (bytes) => {
        const meta = await parseModelMeta(bytes, key)
        const description = change.description ?? meta.description ?? ''
        return modelMeta(name, { createdAt: model.createdAt, updatedAt: change.updatedAt, description })
      })
    },
  }
}
