import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { fsStorage } from '../../src/adapters/fs/fs-storage'
import { filesTracker } from '../../src/adapters/mlruns/files-tracker'
import type { ObjectStore } from '../../src/ports/object-store'
import type { RunQuery, TrackerBackend } from '../../src/ports/tracker-backend'
import { times } from '../support/effort'

/**
 * Two trackers that remember, and hands that edit the files as MLflow's Python does, on one tree: every search finds what a tracker finds
 * that remembers nothing.
 */
const by = fc.constantFrom(0, 1)
const run = fc.nat(5)
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('create' as const), by, team: fc.constantFrom('blue', 'pink') }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('log' as const), by, run, value: fc.nat(9) }) },
  fc.record({ do: fc.constant('param' as const), by, run, value: fc.constantFrom('forest', 'linear') }),
  fc.record({ do: fc.constant('tag' as const), by, run, value: fc.constantFrom('blue', 'pink') }),
  fc.record({ do: fc.constant('finish' as const), by, run }),
  fc.record({ do: fc.constant('delete' as const), by, run }),
  { weight: 2, arbitrary: fc.record({ do: fc.constant('tag in place' as const), run, value: fc.constantFrom('blue', 'pink', 'red') }) },
  fc.record({ do: fc.constant('tag away' as const), run }),
  fc.record({ do: fc.constant('tag in place, time kept' as const), run, value: fc.constantFrom('blue', 'pink') }),
  { weight: 2, arbitrary: fc.record({ do: fc.constant('append' as const), run, value: fc.nat(9) }) },
  fc.record({ do: fc.constant('delete in place' as const), run }),
  fc.record({ do: fc.constant('run by hand' as const), team: fc.constantFrom('blue', 'pink') }),
  fc.record({ do: fc.constant('run folder away' as const), run }),
  fc.record({ do: fc.constant('trash or restore' as const) }),
  fc.record({ do: fc.constant('spoil the index' as const), share: fc.double({ min: 0, max: 1, noNaN: true }) }),
  fc.record({ do: fc.constant('new process' as const), by }),
  { weight: 4, arbitrary: fc.record({ do: fc.constant('search' as const), later: fc.boolean() }) },
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

const queries: readonly Omit<RunQuery, 'experimentIds'>[] = [
  { filter: "metrics.acc >= 4 AND params.model = 'forest' AND tags.team = 'blue'", orderBy: ['metrics.acc DESC'] },
  { filter: "tags.team != 'blue'", orderBy: ['params.model', 'tags.team DESC'] },
  { filter: 'params.model IS NULL', view: 'all' },
  { filter: "status = 'FINISHED'", view: 'all' },
  { view: 'all', orderBy: ['metrics.acc'], limit: 3 },
  { filter: "tags.team = 'blue'", limit: 2 },
  { view: 'all', limit: 1 },
]

const realNow = Date.now
afterEach(() => void vi.restoreAllMocks())

class World {
  readonly #root: string
  readonly #trackers: TrackerBackend[] = []
  readonly runs: string[] = []
  experimentId = ''
  #made = 0

  constructor(root: string) {
    this.#root = root
    for (const i of [0, 1]) this.#trackers[i] = this.open()
  }

  open(): TrackerBackend {
    return filesTracker({ storage: fsStorage({ root: this.#root, fsync: false }) })
  }

  /** Reads every file every time, and knows of no index. */
  plain(): TrackerBackend {
    const { getChanged: _, ...storage } = fsStorage({ root: this.#root, fsync: false })
    return filesTracker({ storage: storage satisfies ObjectStore })
  }

  tracker(i: number): TrackerBackend {
    return this.#trackers[i] as TrackerBackend
  }

  async reopen(i: number): Promise<void> {
    await this.tracker(i).close()
    this.#trackers[i] = this.open()
  }

  get folder(): string {
    const active = join(this.#root, 'mlruns', this.experimentId)
    return existsSync(active) ? active : join(this.#root, 'mlruns/.trash', this.experimentId)
  }

  get index(): string {
    return join(this.#root, 'mlruns.index', this.experimentId)
  }

  newId(): string {
    return `${++this.#made}`.padStart(32, 'a')
  }

  toggleTrash(): void {
    const active = join(this.#root, 'mlruns', this.experimentId)
    const trash = join(this.#root, 'mlruns/.trash', this.experimentId)
    mkdirSync(dirname(trash), { recursive: true })
    const [from, to] = existsSync(active) ? [active, trash] : [trash, active]
    const meta = join(from, 'meta.yaml')
    const text = readFileSync(meta, 'utf8')
    writeFileSync(
      meta,
      text.includes('stage: active') ? text.replace('stage: active', 'stage: deleted') : text.replace('stage: deleted', 'stage: active'),
    )
    renameSync(from, to)
  }

  /** Until the file system's clock has moved on, so that a change from now on has another time than one before. */
  tick(): void {
    const probe = join(this.#root, 'probe')
    const look = (): number => {
      writeFileSync(probe, 'x')
      return statSync(probe).ctimeMs
    }
    const before = look()
    while (look() === before);
  }

  /** All answers of a backend, page by page; `newest` orders those without an order; `later` as if the search came ten seconds after the last change. */
  async answers(backend: TrackerBackend, later: boolean, newest: Pick<RunQuery, 'orderBy'> = {}): Promise<unknown> {
    if (later) vi.spyOn(Date, 'now').mockImplementation(() => realNow() + 10_000)
    try {
      const found: unknown[] = []
      for (const query of queries) {
        let cursor: string | undefined
        do {
          const page = await backend.searchRuns({ ...newest, ...query, experimentIds: [this.experimentId], cursor })
          found.push(page.items)
          cursor = page.cursor
        } while (cursor !== undefined)
      }
      return found
    } finally {
      vi.restoreAllMocks()
      // What is changed after a search that trusts what it saw is changed at another time.
      if (later) this.tick()
    }
  }
}

/** Writes to ended or deleted runs, or in a deleted experiment, are refused: that is not the matter here. */
async function tolerant(work: () => unknown): Promise<void> {
  await (async () => work())().catch((error: { code?: string }) => {
    if (!['InvalidState', 'Conflict', 'NotFound'].includes(error.code ?? '')) throw error
  })
}

async function take(world: World, given: Step): Promise<void> {
  const runId = 'run' in given ? world.runs[given.run % Math.max(1, world.runs.length)] : undefined
  const inRun = (path: string): string => join(world.folder, runId ?? 'none', path)
  const edit = (path: string, work: (file: string) => void): void => {
    if (existsSync(inRun(path))) work(inRun(path))
  }
  switch (given.do) {
    case 'create':
      return tolerant(async () => {
        const made = { experimentId: world.experimentId, startTime: world.runs.length, tags: { team: given.team }, runId: world.newId() }
        world.runs.push((await world.tracker(given.by).createRun(made)).runId)
      })
    case 'log':
      if (runId === undefined) return
      return tolerant(() =>
        world.tracker(given.by).logBatch(runId, { metrics: [{ key: 'acc', value: given.value, step: given.value, timestamp: 1 }] }),
      )
    case 'param':
      return runId === undefined ? undefined : tolerant(() => world.tracker(given.by).logBatch(runId, { params: { model: given.value } }))
    case 'tag':
      return runId === undefined ? undefined : tolerant(() => world.tracker(given.by).logBatch(runId, { tags: { team: given.value } }))
    case 'finish':
      return runId === undefined ? undefined : tolerant(() => world.tracker(given.by).updateRun(runId, { status: 'finished', endTime: 9 }))
    case 'delete':
      return runId === undefined ? undefined : tolerant(() => world.tracker(given.by).deleteRun(runId))
    case 'tag in place':
      return edit('tags/team', (file) => writeFileSync(file, given.value))
    case 'tag in place, time kept':
      return edit('tags/team', (file) => {
        const { atimeMs, mtimeMs } = statSync(file)
        writeFileSync(file, given.value)
        utimesSync(file, atimeMs / 1000, mtimeMs / 1000)
      })
    case 'tag away':
      return edit('tags/team', unlinkSync)
    case 'append':
      return edit('metrics', (folder) => appendFileSync(join(folder, 'acc'), `1 ${given.value}.0 ${given.value}\n`))
    case 'delete in place':
      return edit('meta.yaml', (file) => writeFileSync(file, readFileSync(file, 'utf8').replace('stage: active', 'stage: deleted')))
    case 'run by hand': {
      const id = world.newId()
      const folder = join(world.folder, id)
      for (const name of ['metrics', 'params', 'artifacts', 'tags']) mkdirSync(join(folder, name), { recursive: true })
      writeFileSync(
        join(folder, 'meta.yaml'),
        `artifact_uri: /x\nend_time: null\nexperiment_id: '${world.experimentId}'\nlifecycle_stage: active\nrun_id: ${id}\nrun_name: by hand\nstart_time: 3\nstatus: 1\nuser_id: u\n`,
      )
      writeFileSync(join(folder, 'tags/team'), given.team)
      world.runs.push(id)
      return
    }
    case 'run folder away':
      if (runId !== undefined) rmSync(join(world.folder, runId), { recursive: true, force: true })
      return
    case 'trash or restore':
      return world.toggleTrash()
    case 'spoil the index': {
      const file = world.index
      if (!existsSync(file)) return
      const bytes = readFileSync(file)
      const at = Math.floor(given.share * (bytes.length - 1))
      writeFileSync(file, given.share < 0.5 ? bytes.subarray(0, at) : bytes.fill(120, at, at + 3))
      return
    }
    case 'new process':
      return world.reopen(given.by)
    case 'search':
      return compare(world, given.later)
  }
}

async function compare(world: World, later: boolean): Promise<void> {
  // With the usual order spelt out, all runs are looked at.
  const expected = await world.answers(world.plain(), false, { orderBy: ['start_time DESC'] })
  for (const i of [0, 1]) expect(await world.answers(world.tracker(i), later)).toEqual(expected)
}

describe('searches of trackers that remember', () => {
  it('find what is in the files, whoever wrote it last', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'millwright-search-'))
    let round = 0
    try {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 30 }), async (steps) => {
          const world = new World(join(folder, String(round++)))
          world.experimentId = (await world.tracker(0).ensureExperiment('e')).experimentId
          for (const each of steps) await take(world, each)
          await compare(world, true)
          for (const i of [0, 1]) await world.tracker(i).close()
        }),
        { numRuns: times(3, 20) },
      )
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })
})
