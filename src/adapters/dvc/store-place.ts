/** A remote in any object store. */
import type { ObjectStore } from '../../ports/object-store'
import { keyOf, type ObjectPlace, readChecked } from './places'

/** A remote in any object store: S3, memory, … */
export function storePlace(name: string, store: ObjectStore): ObjectPlace {
  return {
    name,
    sizeOf: async (id, signal) => (await store.head(keyOf(id), { signal }))?.sizeBytes,
    async *chunks(id, signal) {
      yield await store.get(keyOf(id), { signal })
    },
    async write(id, content, signal) {
      await store.put(keyOf(id), await readChecked(id, content, name), { signal })
    },
  }
}
