/**
 * The memory of a monitor over 48 simulated hours: predictions, labels that come late, twice or never, refused input, drift, checks, alerts, a page that follows, and restarts
 * at random moments. In a process of its own, because only there the heap can be collected before it is measured. A part of the full run.
 */
import { rm } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { childProgram, runChild, source } from '../support/child-program'
import { isFull } from '../support/effort'

/** Between the hours 12 and 48 the heap after a collection stays within this many bytes: it goes up and down by about 1 MB of 12, and holds 3,600 of 28,800 rows. */
const mostGrowth = 2_500_000

const text = `
  import { join } from 'node:path'
  import { fsStorage } from ${source('src/adapters/fs/fs-storage')}
  import { createRng } from ${source('src/core/random')}
  import { fromColumns } from ${source('src/dataset')}
  import { DriftDetector, adwin } from ${source('src/drift')}
  import { Monitor } from ${source('src/monitor')}
  import { liveMonitor } from ${source('src/report')}

  const minuteMs = 60_000
  const hourMs = 60 * minuteMs
  const restarts = process.argv[2] === 'restarts'
  const rng = createRng(7)
  let now = 0
  // Waits are over at once; the hours go by in the loop below.
  const clock = { now: () => now, schedule: (run, delayMs) => { if (delayMs < minuteMs) queueMicrotask(run); return () => {} } }
  const reference = fromColumns({ temp: Array.from({ length: 1000 }, () => rng.normal()) })
  const detector = new DriftDetector({ reference: 'sketch' }).fit(reference)
  const window = { lastMs: 2 * hourMs }
  const rules = [
    { name: 'accuracy', kind: 'performance', metric: 'accuracy', below: 0.8, by: { column: 'region' }, window },
    { name: 'drift', kind: 'drift', window, psi: 0.2 },
    { name: 'refused', kind: 'refused', above: 0.1, window },
    { name: 'latency', kind: 'latency', above: 50, window },
  ]
  let told = 0
  const sink = { portVersion: 1, name: 'pager', send: async () => { if (rng.next() < 0.2) throw new Error('down'); told++ } }
  const options = {
    ...{ name: 'bikes', clock, rules, detector, sinks: [sink], retentionMs: 6 * hourMs, maxChunks: 100, maxWaitingLabels: 500 },
    ...{ groupBy: ['region'], groupWaitMs: 5 * minuteMs, groupIntervalMs: hourMs, repeatMs: 4 * hourMs },
    storage: fsStorage({ root: join(process.argv[3], 'store'), fsync: false }),
  }
  let starts = 0
  let monitor, live, stream, events
  const open = async () => {
    starts++
    const state = stream?.state()
    stream = adwin()
    if (state !== undefined) stream.restore(JSON.parse(JSON.stringify(state)))
    monitor = await Monitor.open(options)
    live = liveMonitor(monitor, { clock: { now: clock.now, schedule: () => () => {} } })
    events = (await live.handler(new Request('http://localhost/events'))).body.getReader()
  }
  await open()
  const late = []
  const heaps = []
  for (let minute = 0; minute <= 48 * 60; minute++) {
    now = minute * minuteMs
    const hour = minute / 60
    const bad = hour % 12 > 8
    for (let n = 0; n < 10; n++) {
      const id = 'row-' + minute + '-' + n
      const right = rng.next() < (bad ? 0.6 : 0.95)
      const input = { temp: rng.normal() + (bad ? 1 : 0), region: n % 4 === 0 ? 'north' : 'south' }
      monitor.record({ id, model: 'bikes', version: hour < 24 ? '1' : '2', at: now, input, prediction: 'yes', latencyMs: bad ? 60 : 10, cached: false })
      stream.update(right ? 0 : 1)
      const fate = rng.next()
      if (fate < 0.8) late.push({ due: minute + rng.int(60), id, actual: right ? 'yes' : 'no', times: fate < 0.1 ? 2 : 1 })
      // Labels of predictions that never come.
      if (fate > 0.98) monitor.label('unknown-' + id, 'yes')
    }
    for (let i = late.length - 1; i >= 0; i--) {
      if (late[i].due > minute) continue
      for (let k = 0; k < late[i].times; k++) monitor.label(late[i].id, late[i].actual)
      late[i] = late[late.length - 1]
      late.pop()
    }
    if (minute % 7 === 0) monitor.recordRefused({ model: 'bikes', version: '1', at: now, rows: 3, refusedRows: 1, columns: { temp: { missing: 1 } } })
    if (minute % 10 === 0) {
      monitor.check()
      await events.read()
      await monitor.flush()
    }
    if (restarts && rng.next() < 1 / 120) {
      await events.cancel()
      live.close()
      // Half of the processes are killed: what they did not flush is lost, and nobody closes them.
      if (rng.next() < 0.5) await monitor.close()
      await open()
    }
    if (hour >= 12 && minute % 60 === 0) {
      for (let i = 0; i < 3; i++) { globalThis.gc(); await new Promise((next) => setImmediate(next)) }
      heaps.push(process.memoryUsage().heapUsed)
    }
  }
  console.log(JSON.stringify({ heaps, starts, told, rows: monitor.stats.rows, history: monitor.alerts.history.length }))
  process.exit(0)
`

describe.skipIf(!isFull)('the memory of a monitor over 48 hours', () => {
  let [folder, program] = ['', '']
  beforeAll(async () => {
    ;({ folder, program } = await childProgram(text))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  it.each(['restarts', 'one process'])(
    'is flat (%s)',
    async (how) => {
      const { stdout, code } = await runChild('--expose-gc', [program, how, `${folder}/${how}`])
      expect(code).toBe(0)
      const { heaps, starts, told, rows, history } = JSON.parse(stdout) as Record<'starts' | 'told' | 'rows' | 'history', number> & {
        readonly heaps: readonly number[]
      }
      const megabytes = heaps.map((bytes) => (bytes / 1e6).toFixed(1))
      console.info(`${how}: ${starts} processes, ${rows} rows kept, ${told} messages; heap by the hour, in MB: ${megabytes.join(' ')}`)
      expect(rows).toBeGreaterThan(6 * 60 * 10 - 10)
      expect(rows).toBeLessThanOrEqual((6 * 60 + 10) * 10)
      expect(told).toBeGreaterThan(10)
      expect(history).toBeGreaterThan(5)
      expect(starts > 10).toBe(how === 'restarts')
      expect(Math.max(...heaps) - Math.min(...heaps)).toBeLessThan(mostGrowth)
    },
    600_000,
  )
})
