/** What runs in the page: the suites of storage, tracker and registry over IndexedDB, versions of datasets, and a queue that outlives a reload. */
import { indexeddbStorage } from '../../src/adapters/indexeddb/indexeddb-storage'
import { memoryStorage } from '../../src/adapters/memory/memory-storage'
import { memoryTracker } from '../../src/adapters/memory/memory-tracker'
import { mlflowTracker } from '../../src/adapters/mlflow/tracker/mlflow-tracker'
import { filesTracker } from '../../src/adapters/mlruns/files-tracker'
import { isMillwrightError } from '../../src/core/errors'
import { createRng, type Rng } from '../../src/core/random'
import { type Dataset, DatasetStore, fingerprint, fromColumns } from '../../src/dataset'
import { type QueuedTracker, queuedTracker } from '../../src/layers/queued/queued-tracker'
import type { ObjectStore } from '../../src/ports/object-store'
import type { RegistryBackend } from '../../src/ports/registry-backend'
import type { TrackerBackend } from '../../src/ports/tracker-backend'
import { objectStoreBackend } from '../../src/registry'
import { createBareTracker as createTracker } from '../../src/run'
import { bindChecks, type Check, objectStoreChecks, registryChecks, trackerChecks } from '../../src/testing'

/** How many checks passed, and what failed. */
export interface PageResult {
  readonly passed: number
  readonly failures: readonly string[]
}

let made = 0
const fresh = (): string => `check-${++made}`

async function runAll<Subject>(checks: readonly Check<Subject>[], options: Parameters<typeof bindChecks<Subject>>[1]): Promise<PageResult> {
  const tests: (readonly [string, () => Promise<void>])[] = []
  bindChecks(checks, options, { it: (name: string, run: () => Promise<void>) => void tests.push([name, run]) })
  const failures: string[] = []
  for (const [name, run] of tests) {
    await run().catch((error: unknown) => failures.push(`${name}: ${String((error as Error).stack ?? error)}`))
  }
  return { passed: tests.length - failures.length, failures }
}

/** The three suites; a subject has a database of its own. */
export async function suites(): Promise<Readonly<Record<string, PageResult>>> {
  const names = new Map<object, string>()
  const storage = (name = fresh()): ReturnType<typeof indexeddbStorage> => {
    const store = indexeddbStorage({ name })
    names.set(store, name)
    return store
  }
  const tracker = (name = fresh()): TrackerBackend => {
    const backend = filesTracker({ storage: indexeddbStorage({ name }) })
    names.set(backend, name)
    return backend
  }
  const registry = (name = fresh()): RegistryBackend => {
    const backend = objectStoreBackend(indexeddbStorage({ name }))
    names.set(backend, name)
    return backend
  }
  return {
    storage: await runAll(objectStoreChecks(), { make: () => storage(), reopen: (store) => storage(names.get(store)) }),
    tracker: await runAll(trackerChecks(), { make: () => tracker(), reopen: (backend) => tracker(names.get(backend)) }),
    registry: await runAll(registryChecks(), { make: () => registry(), reopen: (backend) => registry(names.get(backend)) }),
  }
}

/** Logs into a queue whose server is down (nothing listens on port 9); then the page goes away without a word. */
export async function logOffline(): Promise<number> {
  const tracker = createTracker({ backend: queue(mlflowTracker({ url: 'http://127.0.0.1:9', retries: 0 })) })
  const run = await tracker.startRun({ experiment: 'offline', name: 'before the reload' })
  for (let step = 0; step < 500; step++) run.logMetric('loss', 1 / (step + 1), { step })
  run.logParam('depth', 3)
  run.logText('note.txt', 'kept by the browser')
  await run.finish()
  return 500
}

/** After the reload: the server is back, everything arrives. */
export async function deliver(): Promise<Readonly<Record<string, unknown>>> {
  const server = memoryTracker()
  const backend = queue(server)
  await backend.flush()
  const experiment = (await server.listExperiments()).find(({ name }) => name === 'offline')
  const found = await server.searchRuns({ experimentIds: [String(experiment?.experimentId)] })
  const run = found.items[0]
  if (run === undefined) throw new Error('the run did not arrive')
  const history = await server.getMetricHistory(run.runId, 'loss')
  const note = await server.getArtifact({ runId: run.runId }, 'note.txt')
  return {
    runs: found.items.length,
    status: run.status,
    name: run.runName,
    params: run.params,
    points: history.items.length,
    inOrder: history.items.every((point, index) => point.step === index && point.value === 1 / (index + 1)),
    note: new TextDecoder().decode(note),
    waiting: backend.status().entries,
  }
}

function queue(backend: TrackerBackend): QueuedTracker {
  return queuedTracker({ backend, storage: indexeddbStorage({ name: 'queue' }) })
}

/** Tries to create `count` keys that another tab wants too, and appends a line for each; the keys it got. */
export async function contend(tab: string, count: number): Promise<readonly string[]> {
  const storage = indexeddbStorage({ name: 'contended' })
  const won: string[] = []
  for (let i = 0; i < count; i++) {
    await storage.append('lines', new TextEncoder().encode(`${tab} ${i}\n`))
    try {
      await storage.put(`key-${i}`, new TextEncoder().encode(tab), { ifAbsent: true })
      won.push(`key-${i}`)
    } catch (error) {
      if (!isMillwrightError(error, 'Conflict')) throw error
    }
  }
  return won
}

/** What `contend` appended: lines by tab, and lines that are neither's. */
export async function lines(): Promise<Readonly<Record<string, number>>> {
  const bytes = await indexeddbStorage({ name: 'contended' }).get('lines')
  const all = new TextDecoder().decode(bytes).trimEnd().split('\n')
  const of = (tab: string): number => all.filter((line) => new RegExp(`^${tab} \\d+$`).test(line)).length
  return { tab1: of('tab1'), tab2: of('tab2'), torn: all.length - of('tab1') - of('tab2') }
}

/** Random calls on this store and on the one in memory; the first difference, or how many calls agreed. */
export async function compare(seed: number, calls: number): Promise<string> {
  const stores = [indexeddbStorage({ name: `compared-${seed}` }), memoryStorage()] as const
  const rng = createRng(seed)
  for (let i = 0; i < calls; i++) {
    const call = randomCall(rng)
    const [ours, reference] = await Promise.all(
      stores.map((store) => call.run(store).catch((error: unknown) => (error as { code: string }).code)),
    )
    const [a, b] = [JSON.stringify(ours), JSON.stringify(reference)]
    if (a !== b) return `call ${i} of seed ${seed}, ${call.name}: ${a.slice(0, 300)}, in memory ${b.slice(0, 300)}`
  }
  return `${calls} calls agree`
}

/** A table of a tab: most rows are those of every tab, the last hundred its own. */
function table(tab: string, round: number): Dataset {
  const id = Int32Array.from({ length: 2000 }, (_, row) => row)
  return fromColumns({
    id,
    value: Float64Array.from(id, (row) => (row < 1900 ? row / 7 : row + round)),
    text: Array.from(id, (row) => (row < 1900 ? `row ${row % 90}` : `${tab} ${round}`)),
  })
}

const versionStore = (): DatasetStore => new DatasetStore({ storage: indexeddbStorage({ name: 'versions' }), chunkRows: 256 })

/** Commits versions to a store that another tab commits to as well; the numbers of the versions. */
export async function commitVersions(tab: string, count: number): Promise<readonly number[]> {
  const store = versionStore()
  const numbers: number[] = []
  for (let round = 0; round < count; round++)
    numbers.push((await store.commit('shared', table(tab, round), { message: `${tab} ${round}` })).version)
  return numbers
}

/** After the reload: every version is whole, tags move, a difference is found, what is removed is collected. */
export async function useVersions(): Promise<Readonly<Record<string, unknown>>> {
  const store = versionStore()
  const versions = await store.versions('shared')
  const loaded = await Promise.all(
    versions.map(async ({ reference, message = '' }) => {
      const [tab, round] = message.split(' ') as [string, string]
      return fingerprint(await store.load(reference)) === fingerprint(table(tab, Number(round)))
    }),
  )
  await store.tag('shared@1', 'prod')
  const diff = await store.diff('shared@prod', 'shared', { key: 'id' })
  const before = await store.gc({ graceMs: 0, dryRun: true })
  for (const { reference } of versions.slice(1)) await store.remove(reference)
  await store.gc({ graceMs: 0 })
  const after = await store.gc({ graceMs: 0 })
  return {
    versions: versions.length,
    whole: loaded.every(Boolean),
    prod: (await store.version('shared@prod')).version,
    changedRows: diff.rows?.changed,
    chunksLeft: after.chunks - after.deleted < before.chunks ? 'fewer' : 'as many',
    problems: (await store.verify()).length,
    stillThere: (await store.load('shared@prod')).numRows,
  }
}

interface RandomCall {
  readonly name: string
  readonly run: (store: ObjectStore) => Promise<unknown>
}

const names = ['a', 'b', 'a/b', 'a/b/c', 'a/bc', 'a0', 'a/ä', 'a/🚲', 'z/1', 'z/10', 'z/2', 'Z']

function randomCall(rng: Rng): RandomCall {
  const key = names[rng.int(names.length)] as string
  const size = rng.next() < 0.1 ? rng.int(700_000) : rng.int(20_000)
  const bytes = Uint8Array.from({ length: size }, (_, i) => (i * 31 + size) & 255)
  const start = rng.int(300_000)
  const prefix = ['', 'a', 'a/', 'a/b', 'z/'][rng.int(5)] as string
  const options = { prefix, shallow: rng.next() < 0.5, limit: 1 + rng.int(5) }
  const calls: readonly RandomCall[] = [
    { name: `put ${key} ${size}`, run: async (store) => (await store.put(key, bytes)).sizeBytes },
    { name: `append ${key} ${size}`, run: async (store) => store.append(key, bytes) },
    { name: `create ${key}`, run: async (store) => (await store.put(key, bytes, { ifAbsent: true })).sizeBytes },
    { name: `delete ${key}`, run: async (store) => store.delete(key) },
    { name: `get ${key}`, run: async (store) => digest(await store.get(key)) },
    { name: `range ${key} ${start}`, run: async (store) => digest(await store.get(key, { range: { start, end: start + size } })) },
    { name: `head ${key}`, run: async (store) => (await store.head(key))?.sizeBytes ?? null },
    { name: `list ${JSON.stringify(options)}`, run: (store) => pages(store, options) },
  ]
  return calls[rng.int(calls.length)] as RandomCall
}

function digest(bytes: Uint8Array): readonly [number, number] {
  let sum = 0
  for (const byte of bytes) sum = (Math.imul(sum, 31) + byte) | 0
  return [bytes.length, sum]
}

async function pages(store: ObjectStore, options: { prefix: string; shallow: boolean; limit: number }): Promise<unknown> {
  const found: unknown[] = []
  let cursor: string | undefined
  do {
    const page = await store.list({ ...options, cursor })
    found.push([page.objects.map(({ key, sizeBytes }) => [key, sizeBytes]), page.prefixes])
    cursor = page.cursor
  } while (cursor !== undefined)
  return found
}
