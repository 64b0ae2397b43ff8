/** Records of experiments, kept on the store so that runs can be created in them while the backend does not answer. */
import * as z from 'zod/mini'
import { utf8 } from '../../core/bytes'
import { isMillwrightError, type MillwrightError } from '../../core/errors'
import { sha256Hex } from '../../core/hash'
import { parseStored, storedFormat } from '../../core/stored'
import type { ObjectStore } from '../../ports/object-store'
import { listAll } from '../../ports/stored-objects'
import type { ExperimentRecord } from '../../ports/tracker-backend'

/** The schema of a stored record. */
const experimentFormat = /* @__PURE__ */ storedFormat(
  (): z.ZodMiniType<ExperimentRecord> =>
    z.looseObject({
      experimentId: z.string(),
      name: z.string(),
      artifactUri: z.string(),
      lifecycleStage: z.enum(['active', 'deleted']),
      createdAt: z.number(),
      updatedAt: z.number(),
      tags: z.record(z.string(), z.string()),
    }),
)

/** The experiments that were used through one queue. */
export interface KnownExperiments {
  readonly byName: ReadonlyMap<string, ExperimentRecord>
  load(): Promise<void>
  /** Stores a record, unless the experiment is known under this name. */
  remember(record: ExperimentRecord): Promise<void>
  /** Removes an experiment that was renamed or deleted. */
  forget(experimentId: string): Promise<void>
}

/** The experiments below `prefix` of a store. `onDamaged` is called for each record that cannot be read, which is then ignored. */
export function knownExperiments(storage: ObjectStore, prefix: string, onDamaged: (error: MillwrightError) => void): KnownExperiments {
  const byName = new Map<string, ExperimentRecord>()
  const keyOf = (name: string): string => `${prefix}/experiments/${sha256Hex(name)}`
  const read = async (key: string): Promise<ExperimentRecord | undefined> => {
    try {
      return parseStored(experimentFormat, await storage.get(key), key)
    } catch (error) {
      if (!isMillwrightError(error, 'Corrupt')) throw error
      onDamaged(error)
      return undefined
    }
  }
  return {
    byName,
    async load() {
      for (const { key } of await listAll(storage, `${prefix}/experiments/`)) {
        const record = await read(key)
        if (record !== undefined) byName.set(record.name, record)
      }
    },
    async remember(record) {
      if (byName.get(record.name)?.experimentId === record.experimentId) return
      await storage.put(keyOf(record.name), utf8(JSON.stringify(record)))
      byName.set(record.name, record)
    },
    async forget(experimentId) {
      for (const [name, held] of [...byName]) {
        if (held.experimentId !== experimentId) continue
        byName.delete(name)
        await storage.delete(keyOf(name))
      }
    },
  }
}
