/** The registry backend over any object store, in the layout of MLflow's file store. */

import { displayPort } from '../core/display'
import { MillwrightError } from '../core/errors'
import { appendStoredEvent, findLastStoredEvent, listStoredEvents } from '../mlruns/registry-history'
import type { ObjectStore } from '../ports/object-store'
import type { RegistryBackend } from '../ports/registry-backend'
import { storedAliases } from './object-store/aliases'
import { storedFiles } from './object-store/files'
import { storedModels } from './object-store/models'
import { storedVersions } from './object-store/versions'

/**
 * A registry backend over `store`.
 *
 * `mlruns/models/<name>/` holds `meta.yaml`, `version-<n>/`, `aliases/<alias>` (the version as text) and `tags/`. The history has one object
 * for each event below `history/`, and the last number in `history-last`; MLflow ignores both. The files of a version are the artifacts of a
 * logged model below `mlruns/<experiment>/models/m-…/artifacts/`.
 *
 * @throws Unsupported when the store has no conditional put
 */
export function objectStoreBackend(store: ObjectStore): RegistryBackend {
  if (!store.capabilities.conditionalPut) {
    throw new MillwrightError('Unsupported', `a model registry needs a store with conditional put, and ${store.name} has none`)
  }
  return displayPort('RegistryBackend', {
    portVersion: 1,
    name: store.name,
    capabilities: { atomicAliases: true, history: true, persistent: store.capabilities.persistent },
    ...storedModels(store),
    ...storedVersions(store),
    ...storedAliases(store),
    ...storedFiles(store),
    appendEvent: async (event) => appendStoredEvent(store, event),
    listEvents: async (name) => listStoredEvents(store, name),
    findLastEvent: async (name, isMeant) => findLastStoredEvent(store, name, isMeant),
    close: () => store.close(),
  })
}
