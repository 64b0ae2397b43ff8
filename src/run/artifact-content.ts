/** What may be stored as an artifact, as bytes. */
import { utf8 } from '../core/bytes'
import { invalidArgument, show } from '../core/errors'
import { canonicalJson } from '../core/json'

/** Bytes, text, a Blob or File, or anything else, which is stored as JSON. */
export type ArtifactContent = Uint8Array | ArrayBuffer | Blob | string | object

/** Files to be stored: an object of paths and contents, or pairs of them as they come. */
export type ArtifactFiles =
  | Readonly<Record<string, ArtifactContent>>
  | Iterable<readonly [string, ArtifactContent]>
  | AsyncIterable<readonly [string, ArtifactContent]>

/**
 * A copy of the bytes of an artifact; of a Blob they come later.
 *
 * @throws InvalidArgument for nothing, for functions, and for streams and promises, which would have to be waited for
 */
export function contentBytes(path: string, content: unknown): Uint8Array | Promise<Uint8Array> {
  if (content instanceof Uint8Array) return content.slice()
  if (content instanceof ArrayBuffer) return new Uint8Array(content.slice(0))
  if (typeof content === 'string') return utf8(content)
  if (typeof Blob === 'function' && content instanceof Blob) return content.arrayBuffer().then((bytes) => new Uint8Array(bytes))
  return jsonBytes(path, content)
}

/** Canonical JSON of anything but functions, `undefined` and what is still to come. @throws InvalidArgument */
export function jsonBytes(path: string, value: unknown): Uint8Array {
  const { then, getReader, next } = (value ?? {}) as { then?: unknown; getReader?: unknown; next?: unknown }
  if (value === undefined || typeof value === 'function' || typeof value === 'symbol' || [then, getReader, next].some(isFunction)) {
    throw invalidArgument(`artifact ${show(path)} must be bytes, a Blob, text or JSON, got ${show(value)}`, {
      hint: [then, getReader, next].some(isFunction) ? 'await it, or read it, first' : undefined,
    })
  }
  const plain = value instanceof Map ? Object.fromEntries(value) : value instanceof Set ? [...value] : value
  return utf8(`${canonicalJson(plain)}\n`)
}

function isFunction(value: unknown): boolean {
  return typeof value === 'function'
}
