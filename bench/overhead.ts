/**
 * What logging costs a training loop whose steps take a millisecond of work: the same loop without logging, with two metrics a step into
 * memory, and into files. Prints a table and JSON; ends with 1 when a median is over one percent.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fsStorage } from '../src/adapters/storage/fs'
import { filesTracker } from '../src/adapters/tracker/files'
import { memoryTracker } from '../src/adapters/tracker/memory'
import type { TrackerBackend } from '../src/ports/tracker-backend'
import { createTracker } from '../src/run'

const steps = Number(process.argv[2] ?? 1000)
const repeats = 7

let sink = 0
/** A fixed amount of work, sized below to take a millisecond. */
function work(rounds: number): void {
  let value = sink
  for (let i = 0; i < rounds; i++) value = (Math.imul(value, 1664525) + 1013904223) | 0
  sink = value
}

function calibrate(): number {
  work(20_000_000)
  const start = process.cpuUsage()
  work(100_000_000)
  const { user, system } = process.cpuUsage(start)
  return Math.round(1e11 / (user + system))
}

/**
 * One loop; gives turns to the event loop as an asynchronous training loop does. Processor time (all threads) in milliseconds per step, the
 * writing included: unlike time on the wall it does not tell how busy others keep the machine.
 */
async function loop(rounds: number, backend: TrackerBackend | undefined): Promise<number> {
  const tracker = backend && createTracker({ backend })
  const run = await tracker?.startRun({ name: 'overhead' })
  const start = process.cpuUsage()
  for (let step = 0; step < steps; step++) {
    work(rounds)
    run?.logMetrics({ loss: 1 / (step + 1), accuracy: step }, { step })
    if (step % 10 === 9) await new Promise((resolve) => setImmediate(resolve))
  }
  await run?.finish()
  const { user, system } = process.cpuUsage(start)
  await tracker?.close()
  return (user + system) / 1000 / steps
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] as number
const folder = mkdtempSync(join(tmpdir(), 'millwright-overhead-'))
const rounds = calibrate()
const kinds: readonly (readonly [string, () => TrackerBackend | undefined])[] = [
  ['memory', () => memoryTracker()],
  ['files', () => filesTracker({ storage: fsStorage({ root: folder }) })],
]
await loop(rounds, undefined)
for (const [, make] of kinds) await loop(rounds, make())
// Pairs, one right after the other, so that other work on the machine meets both alike.
const ratios: Record<string, number[]> = { memory: [], files: [] }
const bare: number[] = []
for (let i = 0; i < repeats; i++) {
  for (const [name, make] of kinds) {
    const before = await loop(rounds, undefined)
    const logged = await loop(rounds, make())
    const after = await loop(rounds, undefined)
    bare.push(before, after)
    ratios[name]?.push(logged / ((before + after) / 2) - 1)
  }
}
rmSync(folder, { recursive: true, force: true })
console.log(
  `${steps} steps of ${median(bare).toFixed(3)} ms, two metrics a step, ${repeats} repeats, ${cpus()[0]?.model}, Node ${process.version}\n`,
)
console.log('| backend | overhead, median | all |\n| --- | --- | --- |')
for (const [name, values] of Object.entries(ratios)) {
  console.log(`| ${name} | ${(median(values) * 100).toFixed(2)} % | ${values.map((value) => (value * 100).toFixed(2)).join(', ')} |`)
}
console.log(`\n${JSON.stringify({ name: 'overhead', steps, stepMs: median(bare), ratios })}`)
if (Object.values(ratios).some((values) => median(values) > 0.01)) process.exitCode = 1
