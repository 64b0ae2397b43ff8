import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fsStorage } from '../../../src/adapters/fs/fs-storage'
import { memoryTracker } from '../../../src/adapters/memory/memory-tracker'
import { filesTracker } from '../../../src/adapters/mlruns/files-tracker'
import type { RunRecord } from '../../../src/ports/tracker-backend'
import { createBareTracker as createTracker } from '../../../src/run'

const root = mkdtempSync(join(tmpdir(), 'millwright-exit-'))
const repository = new URL('../../..', import.meta.url).pathname

/** A program over the sources, bundled once; its scenario is named by an argument. */
const program = `
import { createTracker } from ${JSON.stringify(join(repository, 'src/index.ts'))}
import { fsStorage } from ${JSON.stringify(join(repository, 'src/adapters/fs/fs-storage.ts'))}
const [scenario, folder] = process.argv.slice(2)
const tracker = createTracker({ storage: fsStorage({ root: folder }), flushIntervalMs: 3_600_000, environment: async () => ({}), handleExit: scenario !== 'off' })
const log = (run) => { for (let step = 0; step < 1000; step++) run.logMetric('m', step, { step }) }
const forever = () => new Promise(() => { setInterval(() => {}, 1000) })
const ready = () => process.stdout.write('ready\\n')
const scenarios = {
  async idle() { const run = await tracker.startRun({ name: 'parent' }); log(run); log(await run.startChild({ name: 'child' })) },
  async off() { log(await tracker.startRun({ name: 'parent' })) },
  async code() { log(await tracker.startRun({ name: 'parent' })); process.exitCode = 3 },
  async stuck() { await tracker.run({ name: 'parent' }, (run) => { log(run); return new Promise(() => {}) }) },
  async signal() { log(await tracker.startRun({ name: 'by hand' })); await tracker.run({ name: 'parent' }, async (run) => { log(run); ready(); await forever() }) },
  async busy() {
    await tracker.run({ name: 'parent' }, async (run) => { log(run); ready(); for (;;) { await new Promise((resolve) => setTimeout(resolve, 1)); run.logMetric('n', 1) } })
  },
  async own() {
    const run = await tracker.startRun({ name: 'parent' }); log(run)
    process.on('SIGTERM', async () => { run.setTag('own', 'yes'); await run.finish('finished'); await tracker.close(); process.exit(7) })
    ready(); await forever()
  },
  async throws() { log(await tracker.startRun({ name: 'parent' })); setTimeout(() => { throw new Error('nobody caught me') }); await forever() },
  async rejects() { log(await tracker.startRun({ name: 'parent' })); void Promise.reject(new Error('nobody caught me')); await forever() },
  async caught() { log(await tracker.startRun({ name: 'parent' })); process.on('uncaughtException', async () => { await tracker.close(); process.exit(5) }); setTimeout(() => { throw new Error('mine') }); await forever() },
  async exits() { log(await tracker.startRun({ name: 'parent' })); process.exit(0) },
  async closed() { log(await tracker.startRun({ name: 'parent' })); await tracker.close(); process.stdout.write(String(process.listenerCount('SIGTERM') + process.listenerCount('beforeExit'))) },
}
await scenarios[scenario]()
`
const bundle = join(root, 'program.mjs')

beforeAll(async () => {
  const { build } = await import('esbuild')
  const source = join(root, 'program.ts')
  writeFileSync(source, program)
  await build({
    entryPoints: [source],
    outfile: bundle,
    bundle: true,
    format: 'esm',
    platform: 'node',
    nodePaths: [join(repository, 'node_modules')],
    logLevel: 'error',
    external: ['onnxruntime-node', 'onnxruntime-web', '@tensorflow/tfjs', 'ml-random-forest'],
  })
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

interface Ended {
  readonly code: number | null
  readonly signal: string | null
  readonly output: string
  readonly runs: readonly RunRecord[]
}

let count = 0
async function play(scenario: string, signal?: 'SIGTERM' | 'SIGINT'): Promise<Ended> {
  const folder = join(root, `${scenario}-${count++}`)
  const child = spawn(process.execPath, [pathToFileURL(bundle).pathname, scenario, folder], { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  let sent = false
  child.stderr.on('data', (data) => {
    output += data
  })
  child.stdout.on('data', (data) => {
    output += data
    if (signal === undefined || sent || !output.includes('ready')) return
    sent = true
    child.kill(signal)
  })
  const ended = await new Promise<Omit<Ended, 'runs' | 'output'>>((resolve) =>
    child.on('exit', (code, by) => resolve({ code, signal: by })),
  )
  const tracker = createTracker({ backend: filesTracker({ storage: fsStorage({ root: folder }) }) })
  return { ...ended, output, runs: await tracker.search({ orderBy: 'run_name ASC' }) }
}

describe('open runs at the end of a process', () => {
  it('are written and end finished when nothing is left to do', async () => {
    const { code, runs, output } = await play('idle')
    expect([code, output]).toEqual([0, ''])
    expect(runs.map(({ runName, status, metrics }) => [runName, status, metrics.m?.value])).toEqual([
      ['child', 'finished', 999],
      ['parent', 'finished', 999],
    ])
    expect(runs[0]?.endTime).toBeLessThanOrEqual(runs[1]?.endTime ?? 0)
  })

  it('end failed when the exit code is not 0, or the work has not returned', async () => {
    expect((await play('code')).runs[0]?.status).toBe('failed')
    const stuck = (await play('stuck')).runs[0]
    expect([stuck?.status, stuck?.metrics.m?.value, stuck?.tags['millwright.error']]).toEqual([
      'failed',
      999,
      'the process ended before the work of this run did',
    ])
  })

  it.each(['SIGTERM', 'SIGINT'] as const)('are written and end killed after %s, which then takes its course', async (name) => {
    const { code, signal, runs } = await play('signal', name)
    expect([code, signal]).toEqual([null, name])
    expect(runs.map(({ runName, status, metrics }) => [runName, status, metrics.m?.value])).toEqual([
      ['by hand', 'killed', 999],
      ['parent', 'killed', 999],
    ])
  })

  it('end killed even while work goes on logging', async () => {
    const { signal, runs } = await play('busy', 'SIGTERM')
    expect([signal, runs[0]?.status, runs[0]?.metrics.m?.value]).toEqual(['SIGTERM', 'killed', 999])
  })

  it('are left to an application that handles the signal itself', async () => {
    const { code, signal, runs } = await play('own', 'SIGTERM')
    expect([code, signal, runs[0]?.status, runs[0]?.metrics.m?.value, runs[0]?.tags.own]).toEqual([7, null, 'finished', 999, 'yes'])
  })

  it('stay as they are without handleExit; close removes every listener', async () => {
    expect((await play('off')).runs[0]?.status).toBe('running')
    const { output, runs } = await play('closed')
    expect([output, runs[0]?.status]).toEqual(['0', 'running'])
  })
})

describe('listeners', () => {
  it('are there only while a run is open, one set for all trackers', async () => {
    const before = process.listenerCount('SIGTERM')
    const trackers = [1, 2, 3].map(() => createTracker({ backend: memoryTracker(), handleExit: true }))
    const runs = await Promise.all(trackers.map((tracker) => tracker.startRun()))
    expect(process.listenerCount('SIGTERM')).toBe(before + 1)
    for (const run of runs) await run.finish()
    await Promise.resolve()
    expect(process.listenerCount('SIGTERM')).toBe(before)
    expect(() => createTracker({ backend: memoryTracker(), handleExit: 'yes' as unknown as boolean })).toThrow(/handleExit/)
  })

  it.each(['throws', 'rejects'])(
    'an error that nobody catches (%s): everything is written, the run failed, the process ends as ever',
    async (scenario) => {
      const { code, output, runs } = await play(scenario)
      expect([code, output.includes('nobody caught me')]).toEqual([1, true])
      expect(runs.map(({ status, metrics, tags }) => [status, metrics.m?.value, tags['millwright.error']])).toEqual([
        ['failed', 999, 'Error: nobody caught me'],
      ])
    },
  )

  it('is the business of an application that catches such errors itself', async () => {
    const { code, runs } = await play('caught')
    expect([code, runs[0]?.status, runs[0]?.metrics.m?.value]).toEqual([5, 'running', 999])
  })

  it('tells what process.exit() leaves behind', async () => {
    const { code, output, runs } = await play('exits')
    expect([code, runs[0]?.status]).toEqual([0, 'running'])
    expect(output).toMatch(/process\.exit\(\).*parent.*await tracker\.close\(\)/)
  })
})
