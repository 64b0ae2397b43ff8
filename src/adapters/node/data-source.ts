/** Reads any source of data into its bytes. */
import { copyBytes, utf8 } from '../../core/bytes'
import { invalidArgument, MillwrightError, show } from '../../core/errors'
import { chunksOf, readBytes } from '../../core/read-bytes'
import { throwIfAborted } from '../../core/signal'
import { chunksOfNodeFile, openNodeFile, type RandomAccess, readNodeFile } from './node-file'

/**
 * What readers of data take: text (a string with a line break), a path or `file:` URL (Node), an `http(s):` URL, bytes, a Blob or File, a Response,
 * a ReadableStream or an iterable of strings or bytes. Gzip is unpacked wherever it is found.
 */
export type DataSource =
  | string
  | URL
  | ArrayBuffer
  | ArrayBufferView
  | Blob
  | Response
  | ReadableStream<Uint8Array | string>
  | AsyncIterable<Uint8Array | string>
  | Iterable<Uint8Array | string>

/** How to read a source. */
export interface SourceOptions {
  readonly operation: string
  readonly maxBytes: number
  readonly signal: AbortSignal | undefined
  /** Called after each chunk with the bytes read so far, and the total if it is known. */
  readonly onBytes: (done: number, total?: number) => void
}

/** All bytes of a source, unpacked. Bytes given by the caller are returned as they are, not copied. */
export async function bytesOfSource(source: DataSource, options: SourceOptions): Promise<Uint8Array> {
  throwIfAborted(options.signal)
  const bytes = await packedBytes(source, options)
  const whole = isGzip(bytes) ? await gunzip(bytes, options) : bytes
  if (whole.length > options.maxBytes) throw tooLong(options)
  options.onBytes(whole.length, whole.length)
  return whole
}

/** A source of which parts are read: a file is opened, everything else is taken into memory. A string is a path. */
export async function openSource(source: DataSource, options: SourceOptions): Promise<RandomAccess> {
  throwIfAborted(options.signal)
  if (typeof source === 'string' || (source instanceof URL && source.protocol === 'file:')) return openNodeFile(source, options.operation)
  const bytes = await bytesOfSource(source, options)
  return {
    byteLength: bytes.length,
    slice: async (start, end = bytes.length) => copyBytes(bytes, start, end).buffer,
    close: async () => {},
  }
}

/**
 * The bytes of a source piece by piece, unpacked, so that no more than a few pieces are in memory. A string with a line break is the text itself.
 */
export async function* chunksOfSource(source: DataSource, options: SourceOptions): AsyncGenerator<Uint8Array> {
  throwIfAborted(options.signal)
  const chunks = await packedChunks(source, options)
  const pieces = chunks[Symbol.asyncIterator]()
  const first: Uint8Array[] = []
  let held = 0
  while (held < 18) {
    const next = await pieces.next()
    if (next.done) break
    first.push(next.value)
    held += next.value.length
  }
  const rest = async function* (): AsyncGenerator<Uint8Array> {
    try {
      yield* first
      for (let next = await pieces.next(); !next.done; next = await pieces.next()) yield next.value
    } finally {
      await pieces.return?.(undefined)
    }
  }
  const head = new Uint8Array(await new Blob(first as BlobPart[]).arrayBuffer())
  let done = 0
  for await (const chunk of isGzip(head) ? unpacked(rest(), options) : rest()) {
    throwIfAborted(options.signal)
    done += chunk.length
    if (done > options.maxBytes) throw tooLong(options)
    options.onBytes(done)
    yield chunk
  }
  options.onBytes(done, done)
}

async function packedChunks(source: DataSource, options: SourceOptions): Promise<AsyncIterable<Uint8Array>> {
  const { operation, signal } = options
  const isPath = typeof source === 'string' && !/[\r\n]/.test(source)
  if (isPath || (source instanceof URL && source.protocol === 'file:')) return chunksOfNodeFile(source as string | URL, operation)
  if (source instanceof URL || (typeof Response === 'function' && source instanceof Response)) {
    const response = source instanceof URL ? await fetchUrl(source, options) : source
    return encoded(chunksOf(bodyOf(response, options), signal), options)
  }
  if (typeof Blob === 'function' && source instanceof Blob) return encoded(chunksOf(source.stream(), signal), options)
  if (typeof (source as ReadableStream)?.getReader === 'function')
    return encoded(chunksOf(source as ReadableStream<Uint8Array>, signal), options)
  const isBytes = typeof source === 'string' || source instanceof ArrayBuffer || ArrayBuffer.isView(source)
  if (!isBytes && isIterable(source)) return encoded(source, options)
  return slicesOf(await packedBytes(source, options))
}

/** Bytes a megabyte at a time. */
async function* slicesOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 1 << 20) yield bytes.subarray(at, at + (1 << 20))
}

async function* unpacked(chunks: AsyncGenerator<Uint8Array>, { operation, signal }: SourceOptions): AsyncGenerator<Uint8Array> {
  if (typeof DecompressionStream !== 'function') throw new MillwrightError('Unsupported', `${operation} cannot unpack gzip on this runtime`)
  let problem: unknown
  const packed = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      try {
        const { done, value } = await chunks.next()
        if (done) controller.close()
        else controller.enqueue(value as Uint8Array<ArrayBuffer>)
      } catch (cause) {
        problem = cause
        controller.error(cause)
      }
    },
    cancel: async () => void (await chunks.return(undefined)),
  })
  try {
    yield* chunksOf(packed.pipeThrough(new DecompressionStream('gzip')), signal)
  } catch (cause) {
    if (signal?.aborted) throw signal.reason
    if (problem !== undefined) throw problem
    if (cause instanceof MillwrightError) throw cause
    throw new MillwrightError('Corrupt', `${operation}: the gzip data are damaged`, { cause })
  }
}

async function packedBytes(source: DataSource, options: SourceOptions): Promise<Uint8Array> {
  if (typeof source === 'string') return /[\r\n]/.test(source) ? utf8(source) : readNodeFile(source, options)
  if (source instanceof URL) {
    return source.protocol === 'file:' ? readNodeFile(source, options) : responseBytes(await fetchUrl(source, options), options)
  }
  if (source instanceof ArrayBuffer) return new Uint8Array(source)
  if (ArrayBuffer.isView(source)) return new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
  if (typeof Response === 'function' && source instanceof Response) return responseBytes(source, options)
  if (typeof Blob === 'function' && source instanceof Blob) return collect(chunksOf(source.stream(), options.signal), options, source.size)
  if (typeof (source as ReadableStream)?.getReader === 'function') {
    return collect(chunksOf(source as ReadableStream<Uint8Array | string>, options.signal), options)
  }
  if (isIterable(source)) return collect(source, options)
  throw invalidArgument(
    `${options.operation} reads text, bytes, a path, a URL, a Blob, a Response, a stream or an iterable, got ${show(source)}`,
  )
}

async function fetchUrl(url: URL, { operation, signal }: SourceOptions): Promise<Response> {
  try {
    return await fetch(url, signal === undefined ? {} : { signal })
  } catch (cause) {
    if (signal?.aborted) throw signal.reason
    throw new MillwrightError('Unavailable', `${operation} could not fetch ${url.origin}${url.pathname}`, { cause })
  }
}

async function responseBytes(response: Response, options: SourceOptions): Promise<Uint8Array> {
  return collect(chunksOf(bodyOf(response, options), options.signal), options)
}

function bodyOf(response: Response, { operation }: SourceOptions): ReadableStream<Uint8Array> {
  if (!response.ok) {
    const code = response.status === 404 ? 'NotFound' : response.status >= 500 ? 'Unavailable' : 'InvalidArgument'
    throw new MillwrightError(code, `${operation} got a response with status ${response.status}`, { details: { status: response.status } })
  }
  return response.body ?? new Blob([]).stream()
}

/** Reads chunks to their end; `expectedBytes` where their length is known. @throws InvalidArgument for more than `maxBytes` */
async function collect(
  chunks: AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string>,
  options: SourceOptions,
  expectedBytes = 0,
): Promise<Uint8Array> {
  const { maxBytes, onBytes } = options
  const limits = { maxBytes, expectedBytes, onBytes: (done: number) => onBytes(done, expectedBytes || undefined) }
  const bytes = await readBytes(encoded(chunks, options), limits)
  if (bytes === undefined) throw tooLong(options)
  return bytes
}

/** The chunks as bytes; strings become UTF-8. */
async function* encoded(
  chunks: AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string>,
  { operation, signal }: SourceOptions,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    throwIfAborted(signal)
    const bytes = typeof chunk === 'string' ? utf8(chunk) : chunk
    if (!ArrayBuffer.isView(bytes)) throw invalidArgument(`${operation} needs chunks that are strings or bytes, got ${show(bytes)}`)
    yield bytes
  }
}

function isGzip(bytes: Uint8Array): boolean {
  return bytes.length >= 18 && bytes[0] === 0x1f && bytes[1] === 0x8b && bytes[2] === 8
}

async function gunzip(bytes: Uint8Array, options: SourceOptions): Promise<Uint8Array> {
  if (typeof DecompressionStream !== 'function')
    throw new MillwrightError('Unsupported', `${options.operation} cannot unpack gzip on this runtime`)
  // The last four bytes are the length of the content modulo 2³². They are ignored where deflate cannot compress that much.
  const n = bytes.length
  const said =
    (bytes[n - 4] as number) + (bytes[n - 3] as number) * 256 + (bytes[n - 2] as number) * 65536 + (bytes[n - 1] as number) * 16777216
  const stream = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new DecompressionStream('gzip'))
  try {
    return await collect(chunksOf(stream, options.signal), options, said <= n * 1032 ? said : 0)
  } catch (cause) {
    if (options.signal?.aborted || cause instanceof MillwrightError) throw cause
    throw new MillwrightError('Corrupt', `${options.operation}: the gzip data are damaged`, { cause })
  }
}

function tooLong({ operation, maxBytes }: SourceOptions): MillwrightError {
  return invalidArgument(`${operation} found more bytes than \`maxBytes\` ${maxBytes}`)
}

function isIterable(source: unknown): source is AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string> {
  if (typeof source !== 'object' || source === null) return false
  return Symbol.asyncIterator in source || Symbol.iterator in source
}
