/**
 * Experiment tracking against MLflow's Python client on its own SQLite store, in the same run on the same machine: 100,000 metric points,
 * runs made and searched, with our files and our SQLite backend.
 *
 *   node scripts/run.mjs bench/tracking.ts [--runs 2000] [--points 100000]
 *
 * Needs Python with MLflow in `.venvs/mlflow` or `.venvs/bench`; without it only our side is measured. Our SQLite backend needs
 * `node:sqlite`: on an older Node the program runs itself again under Node 24. Prints a table and one line of JSON.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fsStorage } from '../src/adapters/storage/fs'
import { filesTracker } from '../src/adapters/tracker/files'
import { sqliteTracker } from '../src/adapters/tracker/sqlite'
import { createRng } from '../src/core/random'
import type { TrackerBackend } from '../src/ports/tracker-backend'
import { createTracker } from '../src/run'

/** Seconds, all of them; `search` for all searches together. */
interface Side {
  readonly single: number
  readonly batches: number
  readonly history: number
  readonly runs: number
  readonly search: number
  readonly found: number
}

const option = (name: string, fallback: number): number => {
  const at = process.argv.indexOf(`--${name}`)
  return at < 0 ? fallback : Number(process.argv[at + 1])
}
const points = option('points', 100_000)
const runs = option('runs', 2000)
/** MLflow writes one point in milliseconds: one by one it is given fewer. */
const single = Math.min(points, 2000)
const searches = 5

async function seconds<T>(work: () => Promise<T>): Promise<readonly [number, T]> {
  const start = performance.now()
  const result = await work()
  return [(performance.now() - start) / 1000, result]
}

async function measure(name: string, make: (root: string) => Promise<TrackerBackend>): Promise<Side> {
  const root = mkdtempSync(join(tmpdir(), 'millwright-bench-'))
  const tracker = createTracker({ backend: await make(root) })
  try {
    // Each point is handed in by itself, as in a training loop; `flush` ends with everything on the disk.
    const log = async (count: number): Promise<string> => {
      const run = await tracker.startRun({ experiment: 'bench' })
      for (let step = 0; step < count; step++) run.logMetric('loss', 1 / (step + 1), { step })
      await run.finish()
      return run.runId
    }
    const [one] = await seconds(() => log(single))
    const [batches, runId] = await seconds(() => log(points))
    const [history, read] = await seconds(() => tracker.metricHistory(runId, 'loss'))
    if (read.length !== points) throw new Error(`${read.length} points of ${points} came back`)
    const rng = createRng(1)
    const [made] = await seconds(async () => {
      for (let i = 0; i < runs; i++) {
        const run = await tracker.startRun({ experiment: 'bench', name: `run ${i}`, tags: { team: rng.next() < 0.5 ? 'blue' : 'red' } })
        run.logMetrics({ acc: rng.next(), loss: rng.next() })
        run.logParams({ model: rng.next() < 0.5 ? 'forest' : 'linear', depth: i % 20, seed: i })
        await run.finish()
      }
    })
    const [search, found] = await seconds(async () => {
      let sum = 0
      for (let i = 0; i < searches; i++) {
        const filter = `metrics.acc > ${0.5 + i / 20} AND params.model = 'forest' AND tags.team = 'blue'`
        sum += (await tracker.search({ experiment: 'bench', filter, orderBy: ['metrics.acc DESC'], limit: 100 })).length
      }
      return sum
    })
    console.error(`${name} measured`, { one, batches, history, made, search })
    return { single: one, batches, history, runs: made, search, found }
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
  const { status, stdout, stderr } = spawnSync(
    python,
    ['-W', 'ignore', 'bench/tracking_mlflow.py', ...[points, single, runs, searches].map(String)],
    {
      encoding: 'utf8',
      env: { ...process.env, MLFLOW_DISABLE_TELEMETRY: 'true' },
    },
  )
  if (status !== 0) throw new Error(stderr.slice(-3000))
  return JSON.parse(stdout.trim().split('\n').at(-1) as string)
}

function report(sides: Readonly<Record<string, Side>>, mlflow: ReturnType<typeof measureMlflow>): void {
  const rows: readonly (readonly [string, (side: Side) => number, string])[] = [
    [`${single} points, one call each`, (side) => side.single, 's'],
    [`${points} points (MLflow: batches of 1000)`, (side) => side.batches, 's'],
    [`reading ${points} points back`, (side) => side.history, 's'],
    [`${runs} runs made and finished`, (side) => side.runs, 's'],
    ['one search, filtered and sorted, 100 of them', (side) => (side.search / searches) * 1000, 'ms'],
  ]
  const names = Object.keys(sides)
  console.info(
    `| work | ${names.join(' | ')} | MLflow ${mlflow?.version ?? '(not there)'} | ${names.map((name) => `ratio ${name}`).join(' | ')} |`,
  )
  console.info(`|${' --- |'.repeat(2 + 2 * names.length)}`)
  const digits = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toPrecision(3))
  for (const [work, of, unit] of rows) {
    const ours = names.map((name) => of(sides[name] as Side))
    const theirs = mlflow === undefined ? undefined : of(mlflow)
    const ratios = ours.map((value) => (theirs === undefined ? '—' : `${digits(theirs / value)} ×`))
    console.info(
      `| ${work} | ${ours.map((value) => `${digits(value)} ${unit}`).join(' | ')} | ${theirs === undefined ? '—' : `${digits(theirs)} ${unit}`} | ${ratios.join(' | ')} |`,
    )
  }
  console.info(
    JSON.stringify({
      bench: 'tracking',
      points,
      single,
      runs,
      searches,
      node: process.versions.node,
      cpu: cpus()[0]?.model,
      ...sides,
      mlflow,
    }),
  )
}

const hasSqlite = (process as { getBuiltinModule?: (name: string) => unknown }).getBuiltinModule?.('node:sqlite') !== undefined
if (!hasSqlite && process.env.MILLWRIGHT_BENCH_NODE === undefined) {
  const { status } = spawnSync('npx', ['-y', '-p', 'node@24', 'node', ...process.argv.slice(1)], {
    stdio: 'inherit',
    env: { ...process.env, MILLWRIGHT_BENCH_NODE: 'again' },
  })
  process.exit(status ?? 1)
}
const sides: Record<string, Side> = { files: await measure('files', async (root) => filesTracker({ storage: fsStorage({ root }) })) }
if (hasSqlite)
  sides.SQLite = await measure('SQLite', (root) => sqliteTracker({ path: join(root, 'mlflow.db'), storage: fsStorage({ root }) }))
report(sides, measureMlflow())
