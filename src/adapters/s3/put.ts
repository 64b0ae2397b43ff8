/** Writing an object, in one request or in parts; a condition is sent only to a server that honours it. */
import { isMillwrightError, MillwrightError, show } from '../../core/errors'
import { bareEtag } from '../../core/http'
import type { ObjectInfo, ObjectStore, PutOptions } from '../../ports/object-store'
import { existingObject } from '../../ports/object-store-rules'
import { ownObject } from '../../ports/own-object'
import type { S3Client } from './client'
import type { Way } from './conditions'
import { uploadInParts } from './multipart'

/** What {@link putObject} works with. */
export interface Writer {
  readonly name: string
  readonly client: S3Client
  readonly partBytes: number
  readonly conditionalPut: boolean
  /** The prefix of each key. */
  readonly base: string
  readonly store: Pick<ObjectStore, 'head' | 'get'>
  /** Checks, once for each way of writing, that the server honours conditions. */
  readonly assertHonoured: (way: Way) => Promise<void>
}

/** Writes a whole object. @throws Conflict when the condition does not hold, Unsupported where the server ignores it */
export async function putObject(writer: Writer, key: string, bytes: Uint8Array, options: PutOptions): Promise<ObjectInfo> {
  const { name, client, partBytes, base, store, assertHonoured } = writer
  const { signal } = options
  const condition = conditionOf(writer, key, options)
  const isLarge = bytes.length > partBytes
  if (Object.keys(condition).length > 0) await assertHonoured(isLarge ? 'multipart upload' : 'put')
  let isLost = false
  const onLost = (): void => {
    isLost = true
  }
  const target = { key: base + key, signal, headers: condition, onLost }
  let written: Headers
  let etag: string | undefined
  try {
    if (isLarge) {
      ;({ headers: written, etag } = await uploadInParts(client, { ...target, bytes, partBytes }))
    } else {
      ;({ headers: written } = await client({ ...target, method: 'PUT', operation: 'put', body: bytes }))
      etag = written.get('etag') ?? undefined
    }
  } catch (error) {
    const own = isLost && isRefused(error) ? await ownObject(store, key, bytes, signal) : undefined
    if (own !== undefined) return own
    throw conflictOf(error, writer, key, options)
  }
  return factsOf(store, name, { key, sizeBytes: bytes.length, etag, written })
}

function conditionOf({ name, conditionalPut }: Writer, key: string, { ifAbsent, ifMatch }: PutOptions): Readonly<Record<string, string>> {
  if (!ifAbsent && ifMatch === undefined) return {}
  if (!conditionalPut) {
    throw new MillwrightError(
      'Unsupported',
      `${name} does not put ${show(key)} with a condition: it was made with { conditionalPut: false }`,
    )
  }
  if (ifMatch === undefined) return { 'if-none-match': '*' }
  // This store never returned an etag that a header cannot hold.
  if (!/^[\x21\x23-\x7e]+$/.test(ifMatch)) throw changed(name, key, ifMatch)
  return { 'if-match': `"${ifMatch}"` }
}

/** Whether an error may mean that an earlier attempt, whose answer was lost, had succeeded. */
function isRefused(error: unknown): boolean {
  return isMillwrightError(error, 'Conflict') || (isMillwrightError(error, 'NotFound') && error.details.s3Code === 'NoSuchUpload')
}

function changed(name: string, key: string, expected: string, cause?: unknown): MillwrightError {
  return new MillwrightError('Conflict', `${name}: ${show(key)} is no longer what was read`, { details: { key, expected }, cause })
}

/** The errors of a condition that does not hold, as the port has them: S3 answers 412, or 404 where the object is gone. */
function conflictOf(error: unknown, { name }: Writer, key: string, { ifAbsent, ifMatch }: PutOptions): unknown {
  if (!isMillwrightError(error)) return error
  const { status, s3Code } = error.details
  if (ifMatch !== undefined && (status === 412 || s3Code === 'NoSuchKey')) return changed(name, key, ifMatch, error)
  if (ifAbsent && status === 412) return existingObject(name, key, { cause: error })
  // A concurrent request conflicted with every attempt. For the caller this is a conflict like any other.
  if (error.code === 'Conflict' && error.retryable) {
    return new MillwrightError('Conflict', error.message, { details: error.details, retryable: false, cause: error })
  }
  return error
}

/** The facts that `head` and `list` give. An answer to PUT has no time of change, so `head` is called. */
async function factsOf(
  store: Writer['store'],
  name: string,
  put: { readonly key: string; readonly sizeBytes: number; readonly etag: string | undefined; readonly written: Headers },
): Promise<ObjectInfo> {
  const { key, sizeBytes } = put
  let now: ObjectInfo | undefined
  try {
    // Without the signal: the object is written, and an abort could no longer undo that.
    now = await store.head(key)
  } catch {
    // These credentials may write but not read.
  }
  const etag = put.etag === undefined ? now?.etag : bareEtag(put.etag)
  if (etag === undefined || etag === '') {
    throw new MillwrightError('Unsupported', `${name} wrote ${show(key)}, but the answer has no ETag`, {
      hint: 'for a page of another origin, the CORS rules of the bucket must expose the header ETag',
    })
  }
  if (now?.etag === etag) return now
  // Another writer has replaced the object since.
  return { key, sizeBytes, etag, modifiedAt: Date.parse(put.written.get('date') ?? '') || 0 }
}
