/** Compresses answers by gzip, for clients that accept it. */
import { utf8 } from '../core/bytes'
import { chunksOf, readBytes } from '../core/read-bytes'
import type { HttpAnswer, HttpExchange } from './exchange'

/** A smaller body does not get shorter by more than the header it costs. */
const minBytes = 1024

/** The answer, compressed where that pays and the client accepts it. Streams are left as they are, so that nothing waits in a buffer. */
export async function compress(answer: HttpAnswer, request: HttpExchange): Promise<HttpAnswer> {
  const { body, headers } = answer
  if (typeof body === 'object' && 'getReader' in body) return answer
  if (body.length < minBytes || headers['content-encoding'] !== undefined) return answer
  const vary = { vary: headers.vary === undefined ? 'accept-encoding' : `${headers.vary}, accept-encoding` }
  if (!acceptsGzip(request.header('accept-encoding'))) return { ...answer, headers: { ...headers, ...vary } }
  const bytes = typeof body === 'string' ? utf8(body) : body
  const stream = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new CompressionStream('gzip'))
  const packed = (await readBytes(chunksOf(stream), { maxBytes: bytes.length + 1024 })) as Uint8Array
  return { status: answer.status, headers: { ...headers, ...vary, 'content-encoding': 'gzip' }, body: packed }
}

function acceptsGzip(header: string | undefined): boolean {
  return (header ?? '').split(',').some((part) => {
    const [name, ...parameters] = part
      .trim()
      .toLowerCase()
      .split(/\s*;\s*/)
    return (name === 'gzip' || name === '*') && !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter))
  })
}
