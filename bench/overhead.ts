/**
 * What logging costs a training loop whose steps take a millisecond of work: the same loop without logging, and with two metrics a step
 * into memory, files and SQLite, the end of the run (everything on the disk) included. Prints a table and JSON; ends with 1 when a median
 * of the time on the wall is more than one percent over.
 *
 *   node scripts/run.mjs bench/overhead.ts [--steps 3000] [--repeats 9]
 *
 * A step is sized on the spot, by the processor time it takes once the work is compiled. Loops with and without logging take turns, in
 * changing order, and each is compared with its neighbour, so that what else the machine does meets both alike. On a busy machine trust
 * the processor time (the whole process, all its threads); the time on the wall means something only on an idle one.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fsStorage } from '../src/adapters/fs/fs-storage'
import { memoryTracker } from '../src/adapters/memory/memory-tracker'
import { filesTracker } from '../src/adapters/mlruns/files-tracker'
import { sqliteTracker } from '../src/adapters/sqlite/tracker/sqlite-tracker'
import type { TrackerBackend } from '../src/ports/tracker-backend'
import { createBareTracker as createTracker } from '../src/run'

/** Milliseconds a step. */
interface Cost {
  readonly wall: number
  readonly cpu: number
}

const option = (name: string, fallback: number): number => {
  const at = process.argv.indexOf(`--${name}`)
  return at < 0 ? fallback : Number(process.argv[at + 1])
}
const steps = option('steps', 3000)
const repeats = option('repeats', 9)

/** Read at the end, so that no compiler may leave the work out. */
const sink = new Float64Array(1)
/**
 * A fixed amount of work, each round needing the one before. Of doubles: a chain of whole numbers that wraps around is compiled anew
 * several times, and ends up five times as slow as it began.
 */
function work(rounds: number): void {
  let value = sink[0] as number
  for (let i = 0; i < rounds; i++) value = value * 0.999999 + 0.5
  sink[0] = value
}

async function measured(count: number, loop: () => Promise<void>): Promise<Cost> {
  const cpuBefore = process.cpuUsage()
  const before = performance.now()
  await loop()
  const wall = (performance.now() - before) / count
  const { user, system } = process.cpuUsage(cpuBefore)
  return { wall, cpu: (user + system) / 1000 / count }
}

/** Gives turns to the event loop, as an asynchronous training loop does. */
async function turns(rounds: number, count: number, log: (step: number) => void): Promise<void> {
  for (let step = 0; step < count; step++) {
    work(rounds)
    log(step)
    if (step % 10 === 9) await new Promise((resolve) => setImmediate(resolve))
  }
}

const bareLoop = (rounds: number, count = steps): Promise<Cost> => measured(count, () => turns(rounds, count, () => {}))

/** Rounds of work that take a millisecond: corrected by what the loop itself measures, until it is within one percent three times. */
async function calibrate(): Promise<number> {
  let rounds = 200_000
  // Long enough for the compiler's last word on all that the loop runs.
  await bareLoop(rounds, 2000)
  let good = 0
  for (let attempt = 0; attempt < 60 && good < 3; attempt++) {
    const { cpu } = await bareLoop(rounds, 500)
    good = Math.abs(cpu - 1) <= 0.01 ? good + 1 : 0
    if (good === 0) rounds = Math.round(rounds / cpu)
  }
  return rounds
}

async function loggedLoop(rounds: number, backend: TrackerBackend): Promise<Cost> {
  const tracker = createTracker({ backend })
  const run = await tracker.startRun({ name: 'overhead' })
  const cost = await measured(steps, async () => {
    await turns(rounds, steps, (step) => run.logMetrics({ loss: 1 / (step + 1), accuracy: step }, { step }))
    await run.finish()
  })
  await tracker.close()
  return cost
}

/** Linear between the sorted values. */
function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  const at = q * (sorted.length - 1)
  const low = sorted[Math.floor(at)] as number
  return low + (at - Math.floor(at)) * ((sorted[Math.ceil(at)] as number) - low)
}

const hasSqlite = (process as { getBuiltinModule?: (name: string) => unknown }).getBuiltinModule?.('node:sqlite') !== undefined
if (!hasSqlite && process.env.MILLWRIGHT_BENCH_NODE === undefined) {
  const { status } = spawnSync('npx', ['-y', '-p', 'node@24', 'node', ...process.argv.slice(1)], {
    stdio: 'inherit',
    env: { ...process.env, MILLWRIGHT_BENCH_NODE: 'again' },
  })
  process.exit(status ?? 1)
}

const folder = mkdtempSync(join(tmpdir(), 'millwright-overhead-'))
const storage = fsStorage({ root: folder })
const kinds: readonly (readonly [string, () => TrackerBackend | Promise<TrackerBackend>])[] = [
  ['memory', () => memoryTracker()],
  ['files', () => filesTracker({ storage })],
  ...(hasSqlite ? ([['SQLite', () => sqliteTracker({ path: join(folder, 'mlflow.db'), storage })]] as const) : []),
]
for (const [, make] of kinds) await loggedLoop(20_000, await make())
const rounds = await calibrate()
const bare: Cost[] = []
const over = new Map<string, { wall: number[]; cpu: number[] }>(kinds.map(([name]) => [name, { wall: [], cpu: [] }]))
for (let i = 0; i < repeats; i++) {
  for (const [k, [name, make]] of kinds.entries()) {
    const backend = await make()
    const isBareFirst = (i + k) % 2 === 0
    const early = isBareFirst ? await bareLoop(rounds) : await loggedLoop(rounds, backend)
    const late = isBareFirst ? await loggedLoop(rounds, backend) : await bareLoop(rounds)
    const [without, logged] = isBareFirst ? [early, late] : [late, early]
    bare.push(without)
    over.get(name)?.wall.push(logged.wall / without.wall - 1)
    over.get(name)?.cpu.push(logged.cpu / without.cpu - 1)
  }
}
rmSync(folder, { recursive: true, force: true })

const stepOf = (part: keyof Cost): number =>
  quantile(
    bare.map((cost) => cost[part]),
    0.5,
  )
const percent = (value: number): string => `${(value * 100).toFixed(2)} %`
const spread = (values: readonly number[]): string =>
  `${percent(quantile(values, 0.5))} (${percent(quantile(values, 0.25))} to ${percent(quantile(values, 0.75))})`
const load = (loadavg()[0] as number).toFixed(1)
console.log(
  `${steps} steps of ${stepOf('cpu').toFixed(3)} ms of processor time, ${stepOf('wall').toFixed(3)} ms on the wall; two metrics a step; ${repeats} pairs; ${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}, load ${load}\n`,
)
console.log('| backend | over on the wall: median (quartiles) | over in processor time |\n| --- | --- | --- |')
for (const [name, { wall, cpu }] of over) console.log(`| ${name} | ${spread(wall)} | ${spread(cpu)} |`)
const told = { stepMs: { cpu: stepOf('cpu'), wall: stepOf('wall') }, rounds, load, over: Object.fromEntries(over), sink: sink[0] }
console.log(`\n${JSON.stringify({ name: 'overhead', steps, repeats, node: process.version, ...told })}`)
if ([...over.values()].some(({ wall }) => quantile(wall, 0.5) > 0.01)) process.exitCode = 1
