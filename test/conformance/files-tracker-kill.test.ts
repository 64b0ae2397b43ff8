/** A process that logs is killed at random: what it saw acknowledged is there, and nothing torn. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fsStorage } from '../../src/adapters/fs/fs-storage'
import { filesTracker } from '../../src/adapters/mlruns/files-tracker'
import { createRng } from '../../src/core/random'
import { childProgram, runChild, source } from '../support/child-program'
import { times } from '../support/effort'

let folder = ''
let program = ''

beforeAll(async () => {
  ;({ folder, program } = await childProgram(
    `import { fsStorage } from ${source('src/adapters/fs/fs-storage')}
     import { filesTracker } from ${source('src/adapters/mlruns/files-tracker')}
     import { createBareTracker as createTracker } from ${source('src/run')}
     const tracker = createTracker({ backend: filesTracker({ storage: fsStorage({ root: process.argv[2], fsync: process.argv[5] === 'fsync' }) }) })
     const run = process.argv[3] ? await tracker.resumeRun(process.argv[3]) : await tracker.startRun({ experiment: 'kill' })
     process.stdout.write('run ' + run.runId + '\\n')
     const from = Number(process.argv[4] ?? 0)
     for (let i = from; ; i++) {
       for (let k = 0; k < 50; k++) run.logMetrics({ loss: i * 50 + k, 'val/loss': i }, { step: i * 50 + k })
       run.logParam('p' + i, i)
       run.setTag('last', String(i))
       run.logText('out/' + i + '.txt', 'x'.repeat(1000))
       await run.flush()
       process.stdout.write('acked ' + i + '\\n')
     }`,
  ))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/**
 * Runs the child until it is killed, `delayMs` after it has acknowledged `rounds` rounds; gives the run and the acknowledged rounds.
 * A kill takes nothing from what is not on the disk yet: most rounds do not wait for it.
 */
async function logAndKill(
  root: string,
  runId: string,
  from: number,
  rounds: number,
  delayMs: number,
  sync: 'fsync' | '',
): Promise<{ runId: string; acked: number[] }> {
  const when = (said: string): boolean => said.split('\nacked').length > rounds
  const { stdout, stderr } = await runChild(program, [root, runId, `${from}`, sync], { when, delayMs })
  expect(stderr).toBe('')
  const acked = [...stdout.matchAll(/^acked (\d+)$/gm)].map(([, number]) => Number(number))
  return { runId: /^run (\w+)$/m.exec(stdout)?.[1] ?? runId, acked }
}

describe('a logging process that is killed', () => {
  it('loses nothing it saw acknowledged, and its run goes on', async () => {
    const root = join(folder, 'runs')
    const rng = createRng(20_261_122)
    let runId = ''
    let next = 0
    const acked = new Set<number>()
    for (let round = 0; round < times(2, 12); round++) {
      const told = await logAndKill(root, runId, next, 1 + rng.int(4), rng.int(40), round % 4 === 0 ? 'fsync' : '')
      runId = told.runId
      if (runId === '') continue
      const tracker = filesTracker({ storage: fsStorage({ root }) })
      const record = await tracker.getRun(runId)
      const { items } = await tracker.getMetricHistory(runId, 'loss', { limit: 1_000_000 })
      const values = new Set(items.map(({ value }) => value))
      for (const i of told.acked) acked.add(i)
      const { tags, params } = record
      const files = await tracker.listArtifacts({ runId }, 'out')
      for (const i of acked) {
        for (let value = i * 50; value < (i + 1) * 50; value++) expect(values.has(value), `point ${value}`).toBe(true)
        expect(params[`p${i}`]).toBe(`${i}`)
        expect(files).toContainEqual({ path: `out/${i}.txt`, isFolder: false, sizeBytes: 1000 })
      }
      expect(files.filter(({ sizeBytes }) => sizeBytes !== 1000)).toEqual([])
      expect(Number(tags.last ?? -1)).toBeGreaterThanOrEqual(Math.max(-1, ...acked))
      expect((await tracker.searchRuns({})).items.map((run) => run.runId)).toContain(runId)
      // The next process goes on after everything that is there, acknowledged or not.
      next = Math.max(next, Math.floor(Math.max(-1, ...values) / 50) + 1)
      await tracker.close()
    }
    expect(acked.size).toBeGreaterThan(times(1, 5))
  }, 240_000)
})
