/** Reads the JSON body of a request: checks its media type, limits bytes and depth, removes `__proto__`. */
import { chunksOf, readBytes } from '../core/read-bytes'
import type { HttpExchange } from './exchange'
import { HttpProblem } from './problem'

/** Bounds on a body. */
export interface BodyLimits {
  readonly maxBodyBytes: number
  readonly maxJsonDepth: number
}

/**
 * The body of a request as JSON.
 *
 * @throws HttpProblem 415 for another media type, 413 when too long, 400 when it is not UTF-8, not JSON, or nested too deep
 */
export async function readJsonBody(exchange: HttpExchange, limits: BodyLimits): Promise<unknown> {
  assertJsonType(exchange.header('content-type'))
  return parseJsonBytes(await readBodyBytes(exchange, limits), limits)
}

/** The bytes of a body, unpacked. @throws HttpProblem 413 when too long, 415 for an unknown compression, 400 when it cannot be unpacked */
export function readBodyBytes(exchange: HttpExchange, { maxBodyBytes }: BodyLimits): Promise<Uint8Array> {
  if (Number(exchange.header('content-length') ?? 0) > maxBodyBytes) return Promise.reject(tooLarge(maxBodyBytes))
  const encoding = exchange.header('content-encoding')
  return exchange.body(maxBodyBytes).then((bytes) => {
    if (bytes === undefined) throw tooLarge(maxBodyBytes)
    return encoding === undefined || encoding === '' || encoding === 'identity' ? bytes : unpackAs(encoding, bytes, maxBodyBytes)
  })
}

async function unpackAs(encoding: string, bytes: Uint8Array, maxBytes: number): Promise<Uint8Array> {
  if (encoding !== 'gzip' && encoding !== 'deflate')
    throw new HttpProblem(415, 'media-type', 'the body may be compressed by gzip or deflate', { 'accept-encoding': 'gzip, deflate' })
  const unpacked = await unpack(bytes, encoding, maxBytes)
  if (unpacked === undefined) throw tooLarge(maxBytes)
  return unpacked
}

/** Stops as soon as more comes out than is allowed. */
async function unpack(bytes: Uint8Array, encoding: 'gzip' | 'deflate', maxBytes: number): Promise<Uint8Array | undefined> {
  try {
    const stream = new Blob([new Uint8Array(bytes)]).stream().pipeThrough(new DecompressionStream(encoding))
    return await readBytes(chunksOf(stream), { maxBytes })
  } catch {
    throw new HttpProblem(400, 'malformed-body', `the body is not compressed by ${encoding}, as its content-encoding says`)
  }
}

function tooLarge(maxBodyBytes: number): HttpProblem {
  return new HttpProblem(413, 'too-large', `the body must not be longer than ${maxBodyBytes} bytes`)
}

/** JSON text. @throws HttpProblem 400 when it is not UTF-8, not JSON, or nested too deep */
export function parseJsonBytes(bytes: Uint8Array, { maxJsonDepth }: BodyLimits): unknown {
  const text = decode(bytes)
  if (text.trim() === '') throw new HttpProblem(400, 'malformed-json', 'the body is empty; it must be JSON')
  if (text.length > maxJsonDepth && depthOf(text, maxJsonDepth) > maxJsonDepth) {
    throw new HttpProblem(400, 'too-deep', `the JSON must not be nested deeper than ${maxJsonDepth} levels`)
  }
  return parse(text)
}

/** Whether a JSON value is an object with members. */
export function isJsonObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function assertJsonType(header: string | undefined): void {
  if (header === undefined || header === '' || header === 'application/json') return
  const [type = '', ...parameters] = header
    .toLowerCase()
    .split(';')
    .map((part) => part.trim())
  const charset = parameters
    .find((parameter) => parameter.startsWith('charset='))
    ?.slice(8)
    .replaceAll('"', '')
  const isJson = type === 'application/json' || (type.startsWith('application/') && type.endsWith('+json'))
  if (!isJson || (charset !== undefined && charset !== 'utf-8' && charset !== 'utf8')) {
    throw new HttpProblem(415, 'media-type', 'the body must be application/json in UTF-8', { 'accept-post': 'application/json' })
  }
}

let decoder: TextDecoder | undefined

function decode(bytes: Uint8Array): string {
  try {
    // Creating a decoder takes longer than decoding a small body.
    decoder ??= new TextDecoder('utf-8', { fatal: true })
    return decoder.decode(bytes)
  } catch {
    throw new HttpProblem(400, 'malformed-json', 'the body is not valid UTF-8')
  }
}

function parse(text: string): unknown {
  try {
    // A reviver takes far longer than the parsing, so it is used only where `__proto__` may occur.
    const suspicious = text.includes('__proto__') || text.includes('\\u')
    return JSON.parse(text, suspicious ? (key, value: unknown) => (key === '__proto__' ? undefined : value) : undefined)
  } catch (error) {
    const position = /position (\d+)/.exec((error as Error).message)?.[1]
    const place = position === undefined ? '' : ` (at character ${position})`
    const hint = hasNonFinite(text) ? '; NaN and Infinity are no JSON, write null for a missing number' : ''
    throw new HttpProblem(400, 'malformed-json', `the body is not valid JSON${place}${hint}`)
  }
}

/** Whether the text has NaN or Infinity in place of a value, as Python's `json` writes them by default. */
function hasNonFinite(text: string): boolean {
  return /(?:^|[\s:,[])-?(?:NaN|Infinity)(?:[\s,\]}]|$)/.test(text.replace(/"(?:[^"\\]|\\.)*"/g, '""'))
}

/** How deep objects and arrays are nested; stops counting beyond `limit`. */
function depthOf(text: string, limit: number): number {
  let depth = 0
  let deepest = 0
  let inString = false
  for (let i = 0; i < text.length && deepest <= limit; i++) {
    const code = text.charCodeAt(i)
    if (inString) {
      if (code === 92) i++
      else if (code === 34) inString = false
    } else if (code === 34) inString = true
    else if (code === 91 || code === 123) deepest = Math.max(deepest, ++depth)
    else if (code === 93 || code === 125) depth--
  }
  return deepest
}
