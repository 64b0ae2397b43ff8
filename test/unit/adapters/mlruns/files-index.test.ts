import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { fsStorage } from '../../../../src/adapters/fs/fs-storage'
import { memoryStorage } from '../../../../src/adapters/memory/memory-storage'
import { filesTracker } from '../../../../src/adapters/mlruns/files-tracker'
import { utf8 } from '../../../../src/core/bytes'
import { crc32 } from '../../../../src/core/crc32'
import type { ObjectStore } from '../../../../src/ports/object-store'
import type { TrackerBackend } from '../../../../src/ports/tracker-backend'

const RUNS = 12
const FILTER = "metrics.acc > 0.5 AND tags.team = 'blue'"
const realNow = Date.now
let root = ''
let experimentId = ''

/** As if everything so far had happened long ago. */
const later = (): void => void vi.spyOn(Date, 'now').mockImplementation(() => realNow() + 10_000)

/** The storage, and how many contents `getChanged` handed out. */
function counting(): { readonly storage: ObjectStore; readonly read: () => number } {
  const inner = fsStorage({ root, fsync: false })
  let read = 0
  const storage: ObjectStore = {
    ...inner,
    async getChanged(queries, options) {
      const answers = (await inner.getChanged?.(queries, options)) ?? []
      for (const answer of answers) if (answer?.bytes !== undefined) read++
      return answers
    },
  }
  return { storage, read: () => read }
}

async function found(tracker: TrackerBackend): Promise<(string | undefined)[]> {
  const { items } = await tracker.searchRuns({ experimentIds: [experimentId], filter: FILTER, orderBy: ['metrics.acc'] })
  return items.map(({ runName }) => runName)
}

async function ids(tracker: TrackerBackend): Promise<string[]> {
  return (await tracker.searchRuns({ experimentIds: [experimentId] })).items.map(({ runId }) => runId)
}

const index = (): string => join(root, 'mlruns.index', experimentId)
const expected = Array.from({ length: RUNS }, (_, i) => i)
  .filter((i) => i % 2 === 0 && i / RUNS > 0.5)
  .map((i) => `run ${i}`)

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'millwright-index-'))
  const tracker = filesTracker({ storage: fsStorage({ root, fsync: false }) })
  experimentId = (await tracker.ensureExperiment('e')).experimentId
  for (let i = 0; i < RUNS; i++) {
    const tags = { team: i % 2 === 0 ? 'blue' : 'pink' }
    const { runId } = await tracker.createRun({ experimentId, startTime: i, runName: `run ${i}`, tags })
    const value = i === 0 ? Number.NaN : i === 1 ? -0 : i / RUNS
    await tracker.logBatch(runId, { metrics: [{ key: 'acc', value, step: 0, timestamp: 1 }], params: { p: '1' } })
  }
  await tracker.close()
})
afterEach(async () => {
  vi.restoreAllMocks()
  await rm(root, { recursive: true, force: true })
})

describe('the index of runs', () => {
  it('spares the next process reading what did not change, and nothing else', async () => {
    later()
    const first = counting()
    const tracker = filesTracker({ storage: first.storage })
    expect(await found(tracker)).toEqual(expected)
    const whole = (await tracker.searchRuns({ experimentIds: [experimentId] })).items
    await tracker.close()
    expect(first.read()).toBeGreaterThan(RUNS * 3)
    expect(existsSync(index())).toBe(true)

    const second = counting()
    const next = filesTracker({ storage: second.storage })
    expect((await next.searchRuns({ experimentIds: [experimentId] })).items).toEqual(whole)
    expect(await found(next)).toEqual(expected)
    // The experiment's own meta is read before its index is asked for.
    expect(second.read()).toBeLessThanOrEqual(1)
    const runId = whole.find(({ runName }) => runName === 'run 11')?.runId
    writeFileSync(join(root, 'mlruns', experimentId, `${runId}`, 'tags/team'), 'blue')
    expect(await found(next)).toEqual([...expected, 'run 11'])
    await next.close()
  })

  it('is thrown away when it is torn, spoiled or of another kind', async () => {
    later()
    const tracker = filesTracker({ storage: fsStorage({ root, fsync: false }) })
    const all = await ids(tracker)
    await tracker.close()
    const good = readFileSync(index(), 'utf8')
    expect(good).toContain('blue')
    const spoiled = [
      good.replaceAll('blue', 'pink'),
      good.replaceAll('"acc"', '"loss"'),
      good.slice(0, good.length / 2),
      good.replace('millwright-runs 1', 'millwright-runs 2'),
      '',
      'x'.repeat(1000),
      `millwright-runs 1 ${crc32(utf8('no json\n')).toString(16)}\nno json\n`,
    ]
    for (const text of spoiled) {
      writeFileSync(index(), text)
      const next = filesTracker({ storage: fsStorage({ root, fsync: false }) })
      expect(await found(next)).toEqual(expected)
      expect(await ids(next)).toEqual(all)
      await next.close()
    }
  })

  it('is not missed where it cannot be written, nor made where it would not last', async () => {
    later()
    const inner = fsStorage({ root, fsync: false })
    const readOnly: ObjectStore = { ...inner, put: () => Promise.reject(new Error('read-only')) }
    const tracker = filesTracker({ storage: readOnly })
    expect(await found(tracker)).toEqual(expected)
    expect(await ids(tracker)).toHaveLength(RUNS)
    await tracker.close()
    expect(existsSync(index())).toBe(false)

    const memory = memoryStorage()
    const inMemory = filesTracker({ storage: memory })
    const { experimentId: other } = await inMemory.ensureExperiment('m')
    for (let i = 0; i < 20; i++) await inMemory.createRun({ experimentId: other, startTime: i })
    await inMemory.searchRuns({})
    await inMemory.close()
    expect((await memory.list({ prefix: 'mlruns.index/' })).objects).toEqual([])
  })
})
