/** The content of artifacts: converts values to bytes, and logs many files. */
import { copyBytes, utf8 } from '../core/bytes'
import { invalidArgument, show } from '../core/errors'
import { canonicalJson } from '../core/json'
import { anything, checkOptions, nonEmptyString } from '../core/options'
import { throwIfAborted } from '../core/signal'
import type { LogArtifactsOptions } from './run-context'

/** Bytes, text, a Blob or File, or anything else, which is stored as JSON. */
export type ArtifactContent = Uint8Array | ArrayBuffer | Blob | string | object

/** Files to store: an object of paths and contents, or an iterable of such pairs. */
export type ArtifactFiles =
  | Readonly<Record<string, ArtifactContent>>
  | Iterable<readonly [string, ArtifactContent]>
  | AsyncIterable<readonly [string, ArtifactContent]>

/**
 * Copies the bytes of an artifact. Returns a Promise for a Blob.
 *
 * @throws InvalidArgument for `undefined`, functions, symbols, streams and Promises
 */
export function contentBytes(path: string, content: unknown): Uint8Array | Promise<Uint8Array> {
  if (content instanceof Uint8Array) return copyBytes(content)
  if (content instanceof ArrayBuffer) return new Uint8Array(content.slice(0))
  if (typeof content === 'string') return utf8(content)
  if (typeof Blob === 'function' && content instanceof Blob) return content.arrayBuffer().then((bytes) => new Uint8Array(bytes))
  return jsonBytes(path, content)
}

/** Encodes a value as canonical JSON. @throws InvalidArgument as {@link contentBytes} */
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

/** The methods of a run that are used here. */
interface FileLog {
  ready(): Promise<boolean>
  logArtifact(path: string, content: ArtifactContent): void
  flush(): Promise<void>
}

/** Implements `run.logArtifacts`. */
export async function logFiles(run: FileLog, files: ArtifactFiles, options: LogArtifactsOptions): Promise<number> {
  checkOptions('logArtifacts', options, { under: nonEmptyString(), signal: anything() })
  if (typeof files !== 'object' || files === null) throw invalidArgument(`logArtifacts takes paths and contents, got ${show(files)}`)
  const { under, signal } = options
  const pairs = Symbol.asyncIterator in files || Symbol.iterator in files ? files : Object.entries(files)
  let count = 0
  for await (const [path, content] of pairs as AsyncIterable<readonly [string, ArtifactContent]>) {
    throwIfAborted(signal)
    await run.ready()
    run.logArtifact(under === undefined ? path : `${under}/${path}`, content)
    count++
  }
  await run.flush()
  return count
}
