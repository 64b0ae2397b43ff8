/**
 * Several processes make runs in one tree at the same time: all of them are there, and found, by a process that was open all the time and by
 * a fresh one. Four processes and 25 runs each in the full run; eight processes with `MILLWRIGHT_PROCESSES_RUNS` runs each where that is set.
 */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fsStorage } from '../../src/adapters/fs/fs-storage'
import { filesTracker } from '../../src/adapters/mlruns/files-tracker'
import type { RunRecord, TrackerBackend } from '../../src/ports/tracker-backend'
import { childProgram, runChild, source } from '../support/child-program'
import { times } from '../support/effort'

const asked = Number(process.env.MILLWRIGHT_PROCESSES_RUNS ?? 0)
const [processes, runs] = asked > 0 ? [8, asked] : [times(3, 4), times(6, 25)]
let folder = ''
let program = ''

beforeAll(async () => {
  ;({ folder, program } = await childProgram(
    `import { fsStorage } from ${source('src/adapters/fs/fs-storage')}
     import { filesTracker } from ${source('src/adapters/mlruns/files-tracker')}
     import { createBareTracker as createTracker } from ${source('src/run')}
     const [root, who, runs] = process.argv.slice(2)
     const tracker = createTracker({ backend: filesTracker({ storage: fsStorage({ root }) }) })
     for (let i = 0; i < Number(runs); i++) {
       const run = await tracker.startRun({ experiment: 'crowd', name: who + '-' + i, tags: { who } })
       run.logMetrics({ value: i, other: -i })
       run.logParam('i', i)
       await run.finish()
     }
     await tracker.close()`,
  ))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function logRuns(root: string, who: number): Promise<void> {
  const { code, stderr } = await runChild(program, [root, `w${who}`, `${runs}`])
  if (code !== 0) throw new Error(`process ${who} ended with ${code}: ${stderr}`)
}

async function search(tracker: TrackerBackend, experimentId: string, filter = ''): Promise<readonly RunRecord[]> {
  return (await tracker.searchRuns({ experimentIds: [experimentId], filter, limit: 50_000 })).items
}

describe('many processes on one tree', () => {
  it(`lose none of ${processes} × ${runs} runs`, async () => {
    const root = join(folder, 'store')
    const open = filesTracker({ storage: fsStorage({ root }) })
    const { experimentId } = await open.ensureExperiment('crowd')
    let over = false
    const all = Promise.all(Array.from({ length: processes }, (_, who) => logRuns(root, who))).finally(() => {
      over = true
    })
    // What is found while they write is whole: a run appears with its name and its tags.
    let seen = 0
    do {
      const found = await search(open, experimentId)
      for (const run of found) expect([run.tags['mlflow.runName'], run.tags.who]).toEqual([run.runName, run.runName.split('-')[0]])
      expect(found.length).toBeGreaterThanOrEqual(seen)
      seen = found.length
    } while (!over)
    await all
    const expected = Array.from({ length: processes * runs }, (_, i) => `w${i % processes}-${Math.floor(i / processes)}`).sort()
    for (const tracker of [open, filesTracker({ storage: fsStorage({ root }) })]) {
      const found = await search(tracker, experimentId, "status = 'FINISHED' AND params.i != 'x'")
      expect(found.map(({ runName }) => runName).sort()).toEqual(expected)
      for (const { runName, metrics, params, status } of found) {
        const i = Number(runName.split('-')[1])
        expect([metrics.value?.value, metrics.other?.value, params.i, status]).toEqual([i, -i, `${i}`, 'finished'])
      }
      const last = await search(tracker, experimentId, `metrics.value = ${runs - 1} AND tags.who = 'w1'`)
      expect(last.map(({ runName }) => runName)).toEqual([`w1-${runs - 1}`])
      await tracker.close()
    }
  }, 1_200_000)
})
