import { describe, expect, it } from 'vitest'
import { chunksOf, collectBytes, readBytes } from '../../../src/core/read-bytes'

const bytes = (...values: number[]) => Uint8Array.from(values)

/** A stream of these chunks that records whether it was cancelled. */
function streamOf(chunks: readonly Uint8Array[], isEndless = false) {
  const state = { isCancelled: false, pulled: 0 }
  const stream = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const chunk = chunks[isEndless ? state.pulled % chunks.length : state.pulled]
        state.pulled++
        if (chunk === undefined) controller.close()
        else controller.enqueue(chunk)
      },
      cancel() {
        state.isCancelled = true
      },
    },
    { highWaterMark: 0 },
  )
  return { stream, state }
}

describe('readBytes', () => {
  it('joins the chunks of a stream', async () => {
    const { stream, state } = streamOf([bytes(1, 2), bytes(), bytes(3), bytes(4, 5, 6)])
    expect(await readBytes(chunksOf(stream), { maxBytes: 6 })).toEqual(bytes(1, 2, 3, 4, 5, 6))
    expect([state.isCancelled, stream.locked]).toEqual([false, false])
  })

  it('reads nothing from an empty source', async () => {
    expect(await readBytes([], { maxBytes: 0 })).toEqual(bytes())
  })

  it('stops an endless stream and cancels it', async () => {
    const { stream, state } = streamOf([new Uint8Array(10)], true)
    expect(await readBytes(chunksOf(stream), { maxBytes: 35 })).toBeUndefined()
    expect(state).toEqual({ isCancelled: true, pulled: 4 })
  })

  it('copies chunks, so that a source may use its buffer again', async () => {
    function* reusing() {
      const buffer = bytes(0, 0)
      for (const value of [1, 2, 3]) yield buffer.fill(value)
    }
    expect(await readBytes(reusing(), { maxBytes: 10 })).toEqual(bytes(1, 1, 2, 2, 3, 3))
  })

  it('reports progress', async () => {
    const seen: number[] = []
    await readBytes([bytes(1), bytes(2, 3)], { maxBytes: 10, onBytes: (read) => seen.push(read) })
    expect(seen).toEqual([1, 3])
  })

  it.each([0, 3, 4, 100, -5, Number.NaN])('takes a wrong expected length (%s)', async (expectedBytes) => {
    expect(await readBytes([bytes(1, 2), bytes(3, 4)], { maxBytes: 10, expectedBytes })).toEqual(bytes(1, 2, 3, 4))
  })

  it('does not set aside more memory than allowed, whatever the sender says', () => {
    expect(collectBytes({ maxBytes: 8, expectedBytes: 2 ** 50 }).bytes().buffer.byteLength).toBe(8)
  })

  it('rejects with the reason of the signal and cancels the stream', async () => {
    const { stream, state } = streamOf([bytes(1)], true)
    const controller = new AbortController()
    const onBytes = () => controller.abort(new Error('enough'))
    await expect(readBytes(chunksOf(stream, controller.signal), { maxBytes: 100, onBytes })).rejects.toThrow('enough')
    expect(state.isCancelled).toBe(true)
  })

  it('passes on the error of the stream', async () => {
    const broken = new ReadableStream<Uint8Array>({ start: (controller) => controller.error(new Error('reset')) })
    await expect(readBytes(chunksOf(broken), { maxBytes: 100 })).rejects.toThrow('reset')
  })
})
