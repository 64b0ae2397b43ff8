/** Stored outputs: content-addressed values, cache entries by key, and the last success of each step. */
import * as z from 'zod/mini'
import { utf8 } from '../core/bytes'
import { invalidArgument, isMillwrightError, MillwrightError, show } from '../core/errors'
import { sha256Hex } from '../core/hash'
import { parseStored, storedDigest, storedFormat } from '../core/stored'
import type { ObjectStore } from '../ports/object-store'
import { valueCodec } from './codec'
import type { StepSpec } from './step'

/** A pointer to a stored output. */
export interface StoredOutput {
  /** SHA-256 of the bytes. */
  readonly digest: string
  readonly runId: string
  /** Epoch milliseconds. */
  readonly storedAt: number
}

const storedOutputFormat = /* @__PURE__ */ storedFormat(
  (): z.ZodMiniType<StoredOutput> => z.looseObject({ digest: storedDigest(), runId: z.string(), storedAt: z.number() }),
)

/** The kind of a pointer: a cache entry, or the last success. */
export type Pointer = { readonly step: string; readonly cacheKey: string } | { readonly step: string; readonly cacheKey?: undefined }

/** The outputs of one pipeline in one object store. */
export interface StepStore {
  /** Stores bytes under their digest. Storing the same bytes again writes nothing. @returns the digest */
  putValue(bytes: Uint8Array): Promise<string>
  /** @throws NotFound; Corrupt when the bytes are not those of the digest (they are then removed) */
  getValue(digest: string): Promise<Uint8Array>
  readPointer(pointer: Pointer): Promise<StoredOutput | undefined>
  writePointer(pointer: Pointer, output: StoredOutput): Promise<void>
}

/** The store of `pipeline` under the prefix `pipelines/<name>/`. */
export function stepStore(storage: ObjectStore, pipeline: string): StepStore {
  const prefix = `pipelines/${pipeline}`
  const valueKey = (digest: string): string => `${prefix}/values/${digest}`
  const pointerKey = ({ step, cacheKey }: Pointer): string =>
    cacheKey === undefined ? `${prefix}/previous/${step}.json` : `${prefix}/cache/${step}/${cacheKey}.json`
  return {
    async putValue(bytes) {
      const digest = sha256Hex(bytes)
      const key = valueKey(digest)
      if ((await storage.head(key)) !== undefined) return digest
      try {
        await storage.put(key, bytes, storage.capabilities.conditionalPut ? { ifAbsent: true } : {})
      } catch (error) {
        // Another process has written the same bytes meanwhile.
        if (!isMillwrightError(error, 'Conflict')) throw error
      }
      return digest
    },
    async getValue(digest) {
      const bytes = await storage.get(valueKey(digest))
      if (sha256Hex(bytes) === digest) return bytes
      await storage.delete(valueKey(digest))
      throw new MillwrightError('Corrupt', `a stored output of pipeline ${show(pipeline)} does not have its digest ${digest}`)
    },
    async readPointer(pointer) {
      try {
        return parseStored(storedOutputFormat, await storage.get(pointerKey(pointer)), pointerKey(pointer))
      } catch (error) {
        // A damaged pointer counts as none, so that the step runs.
        if (isMillwrightError(error, 'NotFound') || isMillwrightError(error, 'Corrupt')) return undefined
        throw error
      }
    },
    async writePointer(pointer, output) {
      await storage.put(pointerKey(pointer), utf8(JSON.stringify(output)))
    },
  }
}

/** The bytes of a step's output by its codec. @throws InvalidArgument when it cannot be stored */
export async function encodeOutput(pipeline: string, spec: StepSpec, value: unknown): Promise<Uint8Array> {
  try {
    return await (spec.codec ?? valueCodec()).encode(value)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : show(cause)
    throw invalidArgument(`the output of step ${show(spec.name)} of pipeline ${show(pipeline)} cannot be stored: ${why}`, {
      hint: 'Give the step a codec, or leave its cache off.',
      cause,
    })
  }
}
