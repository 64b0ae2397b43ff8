import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { memoryStorage } from '../../src/adapters/memory/memory-storage'
import { memoryTracker } from '../../src/adapters/memory/memory-tracker'
import { importWandbRun, wandbOffline } from '../../src/adapters/wandb'
import { fileHeader, frameRecords, readFrames } from '../../src/adapters/wandb/framing'
import { paramJson, parseWandbJson } from '../../src/adapters/wandb/wandb-json'
import { concatBytes } from '../../src/core/bytes'
import { isMillwrightError } from '../../src/core/errors'
import { times } from '../support/effort'

/** Sizes around the block's border of 32,768 bytes, and small ones. */
const size = fc.oneof(fc.nat(40), fc.integer({ min: 32_700, max: 32_800 }), fc.integer({ min: 65_480, max: 65_560 }), fc.nat(5000))

const pattern = Uint8Array.from({ length: 66_000 }, (_, at) => (at * 31 + (at >> 8) * 7) & 255)

/** Records that differ from each other and along their length, so that a swap would show. */
function recordsOf(sizes: readonly number[], seed: number): Uint8Array[] {
  return sizes.map((length, i) => pattern.slice(seed + i, seed + i + length))
}

/** A file written in appends of the given numbers of records, and where each record ends. */
function fileOf(records: readonly Uint8Array[], appends: readonly number[]): { readonly bytes: Uint8Array; readonly ends: number[] } {
  const parts = [fileHeader()]
  let position = parts[0]?.length ?? 0
  const ends: number[] = []
  const add = (more: readonly Uint8Array[]): void => {
    let at = position
    for (const [i] of more.entries()) ends.push(at + frameRecords(more.slice(0, i + 1), position).length - (at - position))
    const bytes = frameRecords(more, position)
    at += bytes.length
    parts.push(bytes)
    position = at
  }
  let next = 0
  for (const count of appends) {
    add(records.slice(next, next + count))
    next += count
  }
  add(records.slice(next))
  return { bytes: concatBytes(parts), ends }
}

const stream = fc
  .tuple(fc.array(size, { minLength: 1, maxLength: 8 }), fc.array(fc.nat(3), { maxLength: 4 }), fc.nat(255))
  .map(([sizes, appends, seed]) => {
    const records = recordsOf(sizes, seed)
    return { records, ...fileOf(records, appends) }
  })

describe('frames of a .wandb file', () => {
  it('give back what was written, across blocks, in however many appends', () => {
    fc.assert(
      fc.property(stream, ({ records, bytes }) => {
        const read = readFrames(bytes)
        expect([read.tornAt, read.damagedAt]).toEqual([undefined, undefined])
        expect(read.records.length).toBe(records.length)
        for (const [i, record] of records.entries()) expect(Buffer.compare(read.records[i] as Uint8Array, record)).toBe(0)
      }),
      { numRuns: times(20, 60) },
    )
  })

  it('cut at any byte, give the whole records before it', () => {
    fc.assert(
      fc.property(stream, fc.double({ min: 0, max: 1, noNaN: true }), ({ records, bytes, ends }, share) => {
        const cut = 7 + Math.floor((bytes.length - 7) * share)
        const whole = ends.filter((end) => end <= cut).length
        const read = readFrames(bytes.subarray(0, cut))
        expect(read.damagedAt).toBeUndefined()
        expect(read.records.length).toBe(whole)
        if (whole < records.length && cut > (ends[whole - 1] ?? 7) + 7) expect(read.tornAt).toBeGreaterThanOrEqual(ends[whole - 1] ?? 7)
        for (let i = 0; i < whole; i++) expect(Buffer.compare(read.records[i] as Uint8Array, records[i] as Uint8Array)).toBe(0)
      }),
      { numRuns: times(20, 60) },
    )
  })

  it('cut at every byte of a small file', () => {
    const records = recordsOf([0, 1, 9, 30], 3)
    const { bytes, ends } = fileOf(records, [2])
    for (let cut = 7; cut <= bytes.length; cut++) {
      const read = readFrames(bytes.subarray(0, cut))
      expect(read.records).toEqual(records.slice(0, ends.filter((end) => end <= cut).length))
      expect(read.tornAt === undefined).toBe(cut === 7 || ends.includes(cut))
    }
  })

  it('never give a wrong record when a bit is flipped, and always tell', () => {
    fc.assert(
      fc.property(stream, fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(7), ({ records, bytes }, share, bit) => {
        const flipped = bytes.slice()
        const at = Math.min(bytes.length - 1, Math.floor(bytes.length * share))
        flipped[at] = (flipped[at] as number) ^ (1 << bit)
        try {
          const read = readFrames(flipped)
          expect(read.damagedAt ?? read.tornAt).toBeDefined()
          expect(read.records.length).toBeLessThanOrEqual(records.length)
          for (const [i, record] of read.records.entries()) expect(Buffer.compare(record, records[i] as Uint8Array)).toBe(0)
        } catch (error) {
          if (!isMillwrightError(error, 'Corrupt') && !isMillwrightError(error, 'Unsupported')) throw error
          expect(at).toBeLessThan(7)
        }
      }),
      { numRuns: times(20, 80) },
    )
  })
})

describe("W&B's JSON", () => {
  it('keeps every param text, as a value or as itself', () => {
    const character = fc.constantFrom(...'"\\NaInfity-0123.eE+[]{},: trulse#\u0000\u0007é€😀', '\ud800')
    const text = fc.oneof(
      fc.string({ unit: character, maxLength: 20 }),
      fc.double().map(String),
      fc.array(fc.double({ noNaN: true })).map(String),
    )
    fc.assert(
      fc.property(
        fc.oneof(
          text,
          text.map((inner) => `[${inner}]`),
          text.map((inner) => JSON.stringify([inner])),
        ),
        (given) => {
          const written = given.toWellFormed()
          const value = parseWandbJson(paramJson(written), 'x')
          if (typeof value === 'string') expect(value).toBe(written)
          else expect(value).toEqual(JSON.parse(written))
        },
      ),
    )
  })
})

describe('a run through wandbOffline and back', () => {
  const point = fc.record({
    key: fc.constantFrom('loss', 'val/acc', 'x.y'),
    value: fc.oneof(fc.double(), fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY)),
    step: fc.oneof(fc.nat(20), fc.maxSafeInteger()),
  })
  const batch = fc.record({
    points: fc.array(point, { maxLength: 30 }),
    params: fc.dictionary(fc.stringMatching(/^[a-z]{1,3}$/), fc.string({ unit: fc.constantFrom(...'aZ09 -.[]{}"\\é😀') })),
  })

  it('has the same points and params', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(batch, { maxLength: 5 }), async (batches) => {
        const storage = memoryStorage()
        const inner = memoryTracker()
        const backend = wandbOffline(inner, { storage })
        const { experimentId } = await backend.ensureExperiment('e')
        const { runId } = await backend.createRun({ experimentId, startTime: 1000, runName: 'r' })
        const params: Record<string, string> = {}
        for (const [i, { points, params: more }] of batches.entries()) {
          const fresh = Object.fromEntries(Object.entries(more).filter(([key, value]) => !(key in params) && value.isWellFormed()))
          Object.assign(params, fresh)
          await backend.logBatch(runId, { metrics: points.map((each) => ({ ...each, timestamp: 2000 + i })), params: fresh })
        }
        await backend.updateRun(runId, { status: 'finished', endTime: 5000 })
        const target = memoryTracker()
        const [folder = ''] = (await storage.list({ prefix: 'wandb/', shallow: true })).prefixes
        await importWandbRun(target, storage, folder.slice(0, -1))
        const run = await target.getRun(runId)
        const plain = (text: string): unknown => parseWandbJson(paramJson(text), 'x')
        expect(Object.fromEntries(Object.entries(run.params).map(([key, text]) => [key, plain(text)]))).toEqual(
          Object.fromEntries(Object.entries(params).map(([key, text]) => [key, plain(text)])),
        )
        for (const key of ['loss', 'val/acc', 'x.y']) {
          const there = (await inner.getMetricHistory(runId, key)).items
          // A set: W&B has no zero below zero.
          const texts = (list: typeof there): string[] =>
            [...new Set(list.map((each) => `${each.timestamp} ${each.step} ${each.value}`))].sort()
          expect(texts((await target.getMetricHistory(runId, key)).items)).toEqual(texts(there))
        }
      }),
      { numRuns: times(20, 60) },
    )
  })
})
