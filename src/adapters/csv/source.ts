/** Whatever CSV comes as, into bytes of UTF-8. */
import { utf8 } from '../../core/bytes'
import { invalidArgument, MillwrightError, show } from '../../core/errors'
import { abortable, throwIfAborted } from '../../core/signal'
import { readNodeFile } from '../node/node-file'

/**
 * What `readCsv` reads: text (a string with a line break), a path or `file:` URL (Node), an `http(s):` URL, bytes, a Blob or File, a Response,
 * a ReadableStream or an iterable of strings or bytes. Gzip is unpacked wherever it is found.
 */
export type CsvSource =
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
  /** Told after each piece how many bytes there are so far, and of how many if known. */
  readonly onBytes: (done: number, total?: number) => void
}

/** All bytes of a source, unpacked. Bytes given by the caller are returned as they are, not copied. */
export async function bytesOfSource(source: CsvSource, options: SourceOptions): Promise<Uint8Array> {
  throwIfAborted(options.signal)
  const bytes = await packedBytes(source, options)
  const whole = isGzip(bytes) ? await gunzip(bytes, options) : bytes
  if (whole.length > options.maxBytes) throw tooLong(options)
  options.onBytes(whole.length, whole.length)
  return whole
}

async function packedBytes(source: CsvSource, options: SourceOptions): Promise<Uint8Array> {
  if (typeof source === 'string') return /[\r\n]/.test(source) ? utf8(source) : readNodeFile(source, options)
  if (source instanceof URL) {
    return source.protocol === 'file:' ? readNodeFile(source, options) : responseBytes(await fetchUrl(source, options), options)
  }
  if (source instanceof ArrayBuffer) return new Uint8Array(source)
  if (ArrayBuffer.isView(source)) return new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
  if (typeof Response === 'function' && source instanceof Response) return responseBytes(source, options)
  if (typeof Blob === 'function' && source instanceof Blob) return collect(iterate(source.stream(), options.signal), options, source.size)
  if (typeof (source as ReadableStream)?.getReader === 'function') {
    return collect(iterate(source as ReadableStream<Uint8Array | string>, options.signal), options)
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
  if (!response.ok) {
    const code = response.status === 404 ? 'NotFound' : response.status >= 500 ? 'Unavailable' : 'InvalidArgument'
    throw new MillwrightError(code, `${options.operation} got a response with status ${response.status}`, {
      details: { status: response.status },
    })
  }
  return response.body === null ? new Uint8Array(0) : collect(iterate(response.body, options.signal), options)
}

/** Pieces of a stream; cancels it when the reader stops early or the signal aborts. */
async function* iterate<T>(stream: ReadableStream<T>, signal: AbortSignal | undefined): AsyncGenerator<T> {
  const reader = stream.getReader()
  let finished = false
  try {
    for (;;) {
      const { done, value } = await abortable(reader.read(), signal)
      if (done) {
        finished = true
        return
      }
      yield value
    }
  } finally {
    if (!finished) await reader.cancel().catch(() => {})
    reader.releaseLock()
  }
}

/** Joins pieces as they come; `expected` is room to begin with. */
async function collect(
  pieces: AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string>,
  options: SourceOptions,
  expected = 0,
): Promise<Uint8Array> {
  let bytes = new Uint8Array(Math.min(expected, options.maxBytes))
  let length = 0
  for await (const piece of pieces) {
    throwIfAborted(options.signal)
    const part = typeof piece === 'string' ? utf8(piece) : piece
    if (!ArrayBuffer.isView(part)) throw invalidArgument(`${options.operation} needs pieces that are strings or bytes, got ${show(part)}`)
    if (length + part.byteLength > options.maxBytes) throw tooLong(options)
    if (length + part.byteLength > bytes.length) {
      const longer = new Uint8Array(Math.min(options.maxBytes, Math.max(65_536, length + part.byteLength, bytes.length * 2)))
      longer.set(bytes.subarray(0, length))
      bytes = longer
    }
    bytes.set(part, length)
    length += part.byteLength
    options.onBytes(length, expected || undefined)
  }
  return bytes.subarray(0, length)
}

function isGzip(bytes: Uint8Array): boolean {
  return bytes.length >= 18 && bytes[0] === 0x1f && bytes[1] === 0x8b && bytes[2] === 8
}

async function gunzip(bytes: Uint8Array, options: SourceOptions): Promise<Uint8Array> {
  if (typeof DecompressionStream !== 'function')
    throw new MillwrightError('Unsupported', `${options.operation} cannot unpack gzip on this runtime`)
  // The last four bytes say how long the content is (modulo 2³²); believed only as far as deflate can reach.
  const n = bytes.length
  const said =
    (bytes[n - 4] as number) + (bytes[n - 3] as number) * 256 + (bytes[n - 2] as number) * 65536 + (bytes[n - 1] as number) * 16777216
  const stream = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new DecompressionStream('gzip'))
  try {
    return await collect(iterate(stream, options.signal), options, said <= n * 1032 ? Math.min(said, 1 << 28) : 0)
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
