/**
 * Experiment tracking against MLflow's Python client on its own SQLite store, in one run on one machine: 100,000 metric points, and
 * 10,000 runs made and searched, with our files and our SQLite backend.
 *
 *   node scripts/run.mjs bench/tracking.ts [--runs 10000] [--points 100000] [--at-once 8] [--repeats 5] [--only files|SQLite]
 *
 * Needs Python with MLflow in `.venvs/mlflow` or `.venvs/bench`; without it only our side is measured. Our SQLite backend needs
 * `node:sqlite`: on an older Node the program runs itself again under Node 24. Prints a table and one line of JSON.
 *
 * What is alike: the same points, and as many runs and searches (the values in the runs are random on both sides); everything is on the
 * disk (fsync) when a side says that a run has ended. What differs: MLflow waits for the disk in every call (its `log_batch` takes 1000
 * points at most, and that is the way it is given here, its quickest), ours once for what has gathered; the row "on the disk after every
 * 1000" makes ours wait as often. MLflow's concurrency is threads, ours are promises in one thread. `one call each` is what users of
 * `mlflow.log_metric` see.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fsStorage } from '../src/adapters/fs/fs-storage'
import { filesTracker } from '../src/adapters/mlruns/files-tracker'
import { sqliteTracker } from '../src/adapters/sqlite/tracker/sqlite-tracker'
import { createRng } from '../src/core/random'
import { createBareTracker as createTracker, type Tracker } from '../src/run'

/** Seconds, all of them. */
interface Side {
  readonly single: number
  readonly batches: number
  readonly flushed: number
  readonly history: number
  readonly runs: number
  readonly together: number
  /** Median of the repeats, by the search's name. */
  readonly search: Readonly<Record<string, number>>
  readonly found: Readonly<Record<string, number>>
  readonly cold: number
}

interface Search {
  readonly name: string
  readonly filter?: string
  readonly orderBy?: string[]
  readonly limit: number
  /** All there are, `limit` at a time. */
  readonly pages?: true
}

type SideName = 'files' | 'SQLite'

const option = (name: string): string | undefined => {
  const at = process.argv.indexOf(`--${name}`)
  return at < 0 ? undefined : process.argv[at + 1]
}
const points = Number(option('points') ?? 100_000)
const runs = Number(option('runs') ?? 10_000)
const atOnce = Number(option('at-once') ?? 8)
const repeats = Number(option('repeats') ?? 5)
/** MLflow writes one point in milliseconds: one by one it is given fewer. */
const single = Math.min(points, 2000)
/** Of the runs, those made many at once. */
const together = Math.floor(runs / 5)
const searches: readonly Search[] = [
  {
    name: 'filtered and sorted, best 100',
    filter: "metrics.acc > 0.6 AND params.model = 'forest' AND tags.team = 'blue'",
    orderBy: ['metrics.acc DESC'],
    limit: 100,
  },
  { name: 'best 100 by a metric', orderBy: ['metrics.acc DESC'], limit: 100 },
  { name: 'newest 100', limit: 100 },
  { name: 'finished, newest 100', filter: "status = 'FINISHED'", limit: 100 },
  { name: 'a tag, newest 100', filter: "tags.team = 'blue'", limit: 100 },
  { name: 'LIKE on a param, newest 100', filter: "params.seed LIKE '%7%'", limit: 100 },
  { name: 'one run by a param', filter: "params.seed = '77'", limit: 100 },
  { name: 'all runs, pages of 1000', limit: 1000, pages: true },
]

async function seconds<T>(work: () => Promise<T>): Promise<readonly [number, T]> {
  const start = performance.now()
  const result = await work()
  return [(performance.now() - start) / 1000, result]
}

async function open(name: SideName, root: string): Promise<Tracker> {
  const storage = fsStorage({ root })
  return createTracker({
    backend: name === 'files' ? filesTracker({ storage }) : await sqliteTracker({ path: join(root, 'mlflow.db'), storage }),
  })
}

/** The tracker goes through pages of 1000 by itself. */
const search = async (tracker: Tracker, { filter, orderBy, limit, pages }: Search): Promise<number> =>
  (await tracker.search({ experiment: 'bench', filter, orderBy, limit: pages ? 10 * runs : limit })).length

/** The median of some searches, fewer of slow ones. */
async function repeated(tracker: Tracker, kind: Search): Promise<readonly [number, number]> {
  const times: number[] = []
  let found = 0
  while (times.length < repeats && (times.length === 0 || times.reduce((sum, time) => sum + time) < 20)) {
    const [took, count] = await seconds(() => search(tracker, kind))
    times.push(took)
    found = count
  }
  return [times.sort((a, b) => a - b)[times.length >> 1] as number, found]
}

async function measure(name: SideName): Promise<Side> {
  const root = mkdtempSync(join(tmpdir(), 'millwright-bench-'))
  const tracker = await open(name, root)
  try {
    // Each point is handed in by itself, as in a training loop; `finish` ends with everything on the disk.
    const log = async (count: number, flushEvery = count): Promise<string> => {
      const run = await tracker.startRun({ experiment: 'bench' })
      for (let step = 0; step < count; step++) {
        run.logMetric('loss', 1 / (step + 1), { step })
        if ((step + 1) % flushEvery === 0) await run.flush()
      }
      await run.finish()
      return run.runId
    }
    const rng = createRng(1)
    const make = async (i: number): Promise<void> => {
      const run = await tracker.startRun({ experiment: 'bench', name: `run ${i}` })
      run.logMetrics({ acc: rng.next(), loss: rng.next() })
      run.logParams({ model: rng.next() < 0.5 ? 'forest' : 'linear', depth: i % 20, seed: i })
      run.setTag('team', rng.next() < 0.5 ? 'blue' : 'red')
      await run.finish()
    }
    const [one] = await seconds(() => log(single))
    const [batches, runId] = await seconds(() => log(points))
    const [history, read] = await seconds(() => tracker.metricHistory(runId, 'loss'))
    if (read.length !== points) throw new Error(`${read.length} points of ${points} came back`)
    const [flushed] = await seconds(() => log(points, 1000))
    console.error(`${name}: points logged`, { one, batches, flushed, history })
    let next = 0
    const [made] = await seconds(async () => {
      while (next < runs - together) await make(next++)
    })
    const [madeTogether] = await seconds(async () => {
      const worker = async (): Promise<void> => {
        while (next < runs) await make(next++)
      }
      await Promise.all(Array.from({ length: atOnce }, worker))
    })
    console.error(`${name}: runs made`, { made, madeTogether })
    const took: Record<string, number> = {}
    const found: Record<string, number> = {}
    for (const kind of searches) [took[kind.name] = 0, found[kind.name] = 0] = await repeated(tracker, kind)
    const child = spawnSync(process.execPath, [...process.execArgv, ...process.argv.slice(1), '--cold', name, '--root', root], {
      encoding: 'utf8',
    })
    if (child.status !== 0) throw new Error(child.stderr.slice(-3000))
    const cold = Number(child.stdout.trim().split('\n').at(-1))
    console.error(`${name}: searched`, { ...took, cold })
    return { single: one, batches, flushed, history, runs: made, together: madeTogether, search: took, found, cold }
  } finally {
    await tracker.close()
    rmSync(root, { recursive: true, force: true })
  }
}

function measureMlflow(): (Side & { readonly version: string; readonly python: string }) | undefined {
  const python = ['.venvs/mlflow/bin/python', '.venvs/bench/bin/python'].find(
    (path) => existsSync(path) && spawnSync(path, ['-c', 'import mlflow']).status === 0,
  )
  if (python === undefined) return undefined
  const given = JSON.stringify({ points, single, runs, together, atOnce, repeats, searches })
  const { status, stdout, stderr } = spawnSync(python, ['-W', 'ignore', 'bench/tracking_mlflow.py', given], {
    encoding: 'utf8',
    env: { ...process.env, MLFLOW_DISABLE_TELEMETRY: 'true' },
  })
  if (status !== 0) throw new Error(stderr.slice(-3000))
  return JSON.parse(stdout.trim().split('\n').at(-1) as string)
}

function report(sides: Readonly<Record<string, Side>>, mlflow: ReturnType<typeof measureMlflow>): void {
  const rows: readonly (readonly [string, (side: Side) => number])[] = [
    [`${single} points, one call each`, (side) => side.single],
    [`${points} points`, (side) => side.batches],
    [`${points} points, on the disk after every 1000`, (side) => side.flushed],
    [`reading ${points} points back`, (side) => side.history],
    [`${runs - together} runs made and ended, one after the other`, (side) => side.runs],
    [`${together} runs made and ended, ${atOnce} at once`, (side) => side.together],
    ...searches.map(({ name }) => [`search: ${name}`, (side: Side) => side.search[name] as number] as const),
    ['a new process: store opened, first search above', (side) => side.cold],
  ]
  const names = Object.keys(sides)
  const digits = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toPrecision(3))
  const shown = (value: number): string => (value >= 1 ? `${digits(value)} s` : `${digits(value * 1000)} ms`)
  console.info(
    `| work | ${names.join(' | ')} | MLflow ${mlflow?.version ?? '(not there)'} | ${names.map((name) => `ratio ${name}`).join(' | ')} |`,
  )
  console.info(`|${' --- |'.repeat(2 + 2 * names.length)}`)
  for (const [work, of] of rows) {
    const ours = names.map((name) => of(sides[name] as Side))
    const theirs = mlflow === undefined ? undefined : of(mlflow)
    const ratios = ours.map((value) => (theirs === undefined ? '—' : `${digits(theirs / value)} ×`))
    console.info(`| ${work} | ${ours.map(shown).join(' | ')} | ${theirs === undefined ? '—' : shown(theirs)} | ${ratios.join(' | ')} |`)
  }
  const versions = { node: process.versions.node, cpu: cpus()[0]?.model, cores: cpus().length }
  console.info(JSON.stringify({ bench: 'tracking', points, single, runs, together, atOnce, repeats, ...versions, ...sides, mlflow }))
}

const hasSqlite = (process as { getBuiltinModule?: (name: string) => unknown }).getBuiltinModule?.('node:sqlite') !== undefined
if (!hasSqlite && process.env.MILLWRIGHT_BENCH_NODE === undefined) {
  const { status } = spawnSync('npx', ['-y', '-p', 'node@24', 'node', ...process.argv.slice(1)], {
    stdio: 'inherit',
    env: { ...process.env, MILLWRIGHT_BENCH_NODE: 'again' },
  })
  process.exit(status ?? 1)
}
const coldSide = option('cold') as SideName | undefined
if (coldSide !== undefined) {
  const [took] = await seconds(async () => search(await open(coldSide, option('root') as string), searches[0] as Search))
  console.info(took)
  process.exit(0)
}
const only = option('only')
const names = (['files', ...(hasSqlite ? (['SQLite'] as const) : [])] as const).filter((name) => only === undefined || name === only)
const sides: Record<string, Side> = {}
for (const name of names) {
  sides[name] = await measure(name)
  // What one side still has to write must not be waited for by the next.
  spawnSync('sync')
}
report(sides, option('without-mlflow') === undefined ? measureMlflow() : undefined)
