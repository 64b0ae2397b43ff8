/** Stored outputs: content-addressed values, cache entries by key, and the last success of each step. */
import * as z from 'zod/mini'
import { fromUtf8, utf8 } from '../core/bytes'
import { invalidArgument, isMillwrightError, MillwrightError, show } from '../core/errors'
import { sha256Hex } from '../core/hash'
import { parseJson } from '../core/json'
import { forEach } from '../core/parallel'
import { parseStored, storedDigest, storedFormat } from '../core/stored'
import type { ObjectStore } from '../ports/object-store'
import { type LatestResult, latestResultFormat } from './cache-key'
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

/** Names a step, or one item of a map step. */
export interface StepPlace {
  readonly step: string
  readonly index?: number | undefined
}

/** The kind of a pointer: a cache entry, or the last success of a step with a fallback. */
export type Pointer = StepPlace & { readonly cacheKey?: string | undefined }

/** The outputs of one pipeline in one object store. */
export interface StepStore {
  /** Stores bytes under their digest. Storing the same bytes again writes nothing. @returns the digest */
  putValue(bytes: Uint8Array): Promise<string>
  /** @throws NotFound; Corrupt when the bytes are not those of the digest (they are then removed) */
  getValue(digest: string): Promise<Uint8Array>
  /** Whether a value of the digest is stored; its bytes are not checked. */
  hasValue(digest: string): Promise<boolean>
  readPointer(pointer: Pointer): Promise<StoredOutput | undefined>
  writePointer(pointer: Pointer, output: StoredOutput): Promise<void>
  /** What the last success of a cached step depended on. */
  readLatest(place: StepPlace): Promise<LatestResult | undefined>
  writeLatest(place: StepPlace, result: LatestResult): Promise<void>
}

/** The store of `pipeline` under the prefix `pipelines/<name>/`. */
export function stepStore(storage: ObjectStore, pipeline: string): StepStore {
  const prefix = `pipelines/${pipeline}`
  const valueKey = (digest: string): string => `${prefix}/values/${digest}`
  const placeKey = (folder: string, { step, index }: StepPlace): string =>
    index === undefined ? `${prefix}/${folder}/${step}.json` : `${prefix}/${folder}/${step}/${index}.json`
  const pointerKey = (pointer: Pointer): string =>
    pointer.cacheKey === undefined ? placeKey('previous', pointer) : `${prefix}/cache/${pointer.step}/${pointer.cacheKey}.json`
  // A damaged object counts as none, so that the step runs.
  const read = async <T>(key: string, parse: (bytes: Uint8Array) => T): Promise<T | undefined> => {
    try {
      return parse(await storage.get(key))
    } catch (error) {
      if (isMillwrightError(error, 'NotFound') || isMillwrightError(error, 'Corrupt')) return undefined
      throw error
    }
  }
  const write = async (key: string, value: unknown): Promise<void> => void (await storage.put(key, utf8(JSON.stringify(value))))
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
    hasValue: async (digest) => (await storage.head(valueKey(digest))) !== undefined,
    readPointer: (pointer) => read(pointerKey(pointer), (bytes) => parseStored(storedOutputFormat, bytes, pointerKey(pointer))),
    writePointer: (pointer, output) => write(pointerKey(pointer), output),
    readLatest: (place) => read(placeKey('latest', place), (bytes) => parseStored(latestResultFormat, bytes, placeKey('latest', place))),
    writeLatest: (place, result) => write(placeKey('latest', place), result),
  }
}

/** The value of a stored output. The output of a map step is stored as the list of its items' digests. @throws NotFound, Corrupt */
export async function decodeOutput(store: StepStore, spec: StepSpec, digest: string): Promise<unknown> {
  const bytes = await store.getValue(digest)
  const codec = spec.codec ?? valueCodec()
  if (spec.over === undefined) return codec.decode(bytes)
  const items = itemDigests(bytes)
  const values = new Array<unknown>(items.length)
  await forEach(items, 8, async (item, index) => {
    values[index] = await codec.decode(await store.getValue(item))
  })
  return values
}

/** The bytes that stand for the output of a map step. */
export function encodeItems(digests: readonly string[]): Uint8Array {
  return utf8(JSON.stringify(digests))
}

/** The digests of the items, from the stored output of a map step. @throws Corrupt */
export function itemDigests(bytes: Uint8Array): readonly string[] {
  const items = parseJson(fromUtf8(bytes), 'the stored output of a map step')
  if (Array.isArray(items) && items.every((item) => typeof item === 'string')) return items
  throw new MillwrightError('Corrupt', 'the stored output of a map step is not a list of digests')
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
