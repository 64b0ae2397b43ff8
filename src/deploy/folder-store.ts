/** What steps give as folders, for engines that hand files from step to step: one folder a step, written by it and read by those that need it. */
import { fromUtf8, utf8 } from '../core/bytes'
import { MillwrightError, show } from '../core/errors'
import { parseJson } from '../core/json'
import type { ObjectInfo, ObjectStore } from '../ports/object-store'

/** A folder of a step. */
export interface StepFolders {
  /** The folder of the step that runs. */
  readonly out: ObjectStore
  /** The folders of the steps that it needs. */
  readonly needs: readonly ObjectStore[]
}

/**
 * A storage for one step: writes go to `out`, reads look in `out` and then in `needs`. Only values and results are kept, and results without
 * times, so that the folder of a step is the same whenever its work is the same.
 */
export function folderStore({ out, needs }: StepFolders): ObjectStore {
  const all = [out, ...needs]
  const infoAt = (key: string, bytes: Uint8Array): ObjectInfo => ({ key, sizeBytes: bytes.length, etag: 'folder', modifiedAt: 0 })
  const refuse = (operation: string): never => {
    throw new MillwrightError('Unsupported', `the folder of a step cannot ${operation}`)
  }
  return {
    portVersion: 1,
    name: `folder of a step in ${out.name}`,
    capabilities: { ...out.capabilities, conditionalPut: false, rangeRead: false, appendAtomic: false },
    uri: (key) => out.uri(placeOf(key) ?? key),
    // Only what is in the step's own folder is there already: a value that a needed step has, too, must be in this one as well.
    async head(key, options) {
      const place = placeOf(key)
      const info = place === undefined ? undefined : await out.head(place, options)
      return info && { ...info, key }
    },
    async get(key, options) {
      const place = placeOf(key)
      for (const store of place === undefined ? [] : all) {
        if ((await store.head(place as string)) !== undefined) return store.get(place as string, options)
      }
      throw new MillwrightError('NotFound', `${show(key)} is in no folder of this step`)
    },
    async put(key, bytes) {
      const place = placeOf(key)
      if (place !== undefined) await out.put(place, place.startsWith('steps/') ? withoutTimes(bytes, place) : bytes)
      return infoAt(key, bytes)
    },
    append: () => refuse('be appended to'),
    list: () => ({ objects: [], prefixes: [] }),
    async delete(key) {
      const place = placeOf(key)
      if (place !== undefined) await out.delete(place)
    },
    close: async () => {},
  }
}

/** Where an object of a pipeline's storage lies in a folder; undefined for what a folder does not keep (cache, records of runs). */
function placeOf(key: string): string | undefined {
  const found = /^pipelines\/[^/]+\/(?:runs\/[^/]+\/(steps\/.+)|(values\/.+))$/.exec(key)
  return found?.[1] ?? found?.[2]
}

const changing = ['startedAt', 'endedAt', 'durationMs', 'attempts']

function withoutTimes(bytes: Uint8Array, place: string): Uint8Array {
  const clean = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(clean)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, changing.includes(key) ? 0 : clean(member)]))
  }
  return utf8(`${JSON.stringify(clean(parseJson(fromUtf8(bytes), place)))}\n`)
}
