/** What a pipeline costs around its steps: running them, looking them up in the cache, planning a large graph. Prints JSON and a table. */
import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTracker } from 'millwright'
import { fsStorage } from 'millwright/node'
import { Pipeline, type RunResult } from 'millwright/pipeline'
import type { ObjectStore } from 'millwright/ports'
import { memoryStorage } from 'millwright/storage/memory'

interface Loose {
  step(name: string, definition: object): Loose
  map(name: string, definition: object): Loose
  run(options?: object): Promise<RunResult>
  plan(options?: object): Promise<{ readonly steps: readonly { readonly action: string }[] }>
}

/** Layers of ten steps; each step needs two of the layer before. */
function layered(count: number, options: object, cache: boolean): Loose {
  let pipeline = new Pipeline('layers', options) as unknown as Loose
  for (let i = 0; i < count; i++) {
    const layer = Math.floor(i / 10)
    const needs = layer === 0 ? [] : [`s${(layer - 1) * 10 + (i % 10)}`, `s${(layer - 1) * 10 + ((i + 1) % 10)}`]
    pipeline = pipeline.step(`s${i}`, { needs, cache, run: () => i })
  }
  return pipeline
}

/** Of several tries the best, in milliseconds of wall clock and of CPU. */
async function best(tries: number, work: () => Promise<unknown>): Promise<{ readonly ms: number; readonly cpuMs: number }> {
  let found = { ms: Number.POSITIVE_INFINITY, cpuMs: Number.POSITIVE_INFINITY }
  for (let i = 0; i < tries; i++) {
    const [start, cpu] = [performance.now(), process.cpuUsage()]
    await work()
    const used = process.cpuUsage(cpu)
    const row = { ms: performance.now() - start, cpuMs: (used.user + used.system) / 1000 }
    if (row.cpuMs < found.cpuMs) found = row
  }
  return found
}

const rows: { readonly what: string; readonly ms: number; readonly cpuMs: number; readonly steps: number }[] = []
async function measure(what: string, steps: number, work: () => Promise<unknown>, tries = 3): Promise<void> {
  rows.push({ what, steps, ...(await best(tries, work)) })
}

const folder = mkdtempSync(join(tmpdir(), 'millwright-bench-'))
try {
  const bare = layered(1000, {}, false)
  await bare.run()
  await measure('1,000 steps, no storage', 1000, () => bare.run())
  await measure('1,000 steps, recorded in memory', 1000, () => layered(1000, { storage: memoryStorage() }, false).run())
  const onDisk = (): ObjectStore => fsStorage({ root: mkdtempSync(join(folder, 'a-')) })
  await measure('100 steps, recorded on disk', 100, () => layered(100, { storage: onDisk() }, false).run())
  await measure('1,000 steps, recorded on disk', 1000, () => layered(1000, { storage: onDisk() }, false).run())
  await measure('100 steps, recorded on disk and by a tracker there', 100, () => {
    const storage = onDisk()
    return layered(100, { storage, tracker: createTracker({ storage }) }, false).run()
  })
  const list = new Pipeline('map') as unknown as Loose
  list
    .step('list', { run: () => Array.from({ length: 1000 }, (_, i) => i) })
    .map('each', { over: 'list', run: ({ item }: { item: number }) => item })
  await measure('a map of 1,000 items', 1000, () => list.run())
  const storage = memoryStorage()
  const cached = layered(1000, { storage }, true)
  await cached.run()
  await measure('second run of 1,000 cached steps', 1000, async () => {
    const { steps } = await cached.run()
    if (Object.values(steps).some(({ status }) => status !== 'cached')) throw new Error('a step ran again')
  })
  const large = layered(10_000, {}, false)
  await measure('plan of 10,000 steps, no storage', 10_000, () => large.plan())
  const store = memoryStorage()
  const largeCached = layered(10_000, { storage: store }, true)
  await measure('plan of 10,000 steps that may be cached, nothing stored', 10_000, () => largeCached.plan())
  await measure('plan of 1,000 cached steps', 1000, () => cached.plan())
  await measure('10,000 steps, no storage', 10_000, () => large.run(), 2)
} finally {
  rmSync(folder, { recursive: true, force: true })
}

const report = {
  node: process.version,
  machine: `${cpus().length} × ${cpus()[0]?.model}`,
  rows: rows.map((row) => ({ ...row, msPerStep: row.ms / row.steps })),
}
console.info(JSON.stringify(report))
console.info(`\nNode ${report.node}, ${report.machine}`)
for (const { what, ms, cpuMs, msPerStep } of report.rows) {
  console.info(
    `${what.padEnd(58)} ${ms.toFixed(0).padStart(7)} ms ${cpuMs.toFixed(0).padStart(7)} ms CPU ${msPerStep.toFixed(3).padStart(8)} ms a step`,
  )
}
