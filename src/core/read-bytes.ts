/** Reading a stream of bytes to its end, but never more than a given number of them. */
import { abortable } from './signal'

/** How much is read, and what is reported. */
export interface ReadLimits {
  readonly maxBytes: number
  /** Expected length: so much memory is set aside at the beginning, at most 256 MiB. @default 0 */
  readonly expectedBytes?: number | undefined
  /** Called after each chunk with the number of bytes read so far. */
  readonly onBytes?: ((bytesRead: number) => void) | undefined
}

/** An expected length comes from the sender, who may be wrong or malicious. */
const maxExpectedBytes = 2 ** 28

/** Bytes that are collected chunk by chunk up to a limit. */
export interface ByteCollector {
  /** Adds a copy of the chunk. Returns `false`, and adds nothing, when the limit would be exceeded. */
  add(chunk: Uint8Array): boolean
  /** Everything added so far. */
  bytes(): Uint8Array
}

/** A collector that holds at most `maxBytes`. */
export function collectBytes({ maxBytes, expectedBytes = 0, onBytes }: ReadLimits): ByteCollector {
  let bytes = new Uint8Array(Math.max(0, Math.min(expectedBytes, maxBytes, maxExpectedBytes)))
  let length = 0
  return {
    add(chunk) {
      const needed = length + chunk.byteLength
      if (needed > maxBytes) return false
      if (needed > bytes.length) {
        const longer = new Uint8Array(length === 0 ? needed : Math.min(maxBytes, Math.max(needed, bytes.length * 2)))
        longer.set(bytes.subarray(0, length))
        bytes = longer
      }
      bytes.set(chunk, length)
      length = needed
      onBytes?.(length)
      return true
    },
    bytes: () => bytes.subarray(0, length),
  }
}

/** All bytes of `chunks`, or `undefined` as soon as there are more than `maxBytes`; the source is then closed. */
export async function readBytes(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  limits: ReadLimits,
): Promise<Uint8Array | undefined> {
  const collector = collectBytes(limits)
  for await (const chunk of chunks) if (!collector.add(chunk)) return undefined
  return collector.bytes()
}

/** The chunks of a stream. Cancels the stream when the reader stops early or the signal aborts. */
export async function* chunksOf<T>(stream: ReadableStream<T>, signal?: AbortSignal): AsyncGenerator<T> {
  const reader = stream.getReader()
  let isFinished = false
  try {
    for (;;) {
      const { done, value } = await abortable(reader.read(), signal)
      if (done) {
        isFinished = true
        return
      }
      yield value
    }
  } finally {
    if (!isFinished) await reader.cancel().catch(() => {})
    reader.releaseLock()
  }
}
