/** Processes that log into one SQLite file: killed at random they lose nothing that was acknowledged; eight at once lose nothing either. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { memoryStorage } from '../../src/adapters/memory/memory-storage'
import { sqliteTracker } from '../../src/adapters/sqlite/tracker/sqlite-tracker'
import { createRng } from '../../src/core/random'
import { NO_SQLITE, sqliteLibs } from '../fixtures/sqlite-libs'
import { childProgram, runChild, source } from '../support/child-program'
import { times } from '../support/effort'

const [driver] = await sqliteLibs()
let folder = ''
let program = ''

beforeAll(async () => {
  ;({ folder, program } = await childProgram(
    `import { memoryStorage } from ${source('src/adapters/memory/memory-storage')}
     import { sqliteTracker } from ${source('src/adapters/sqlite/tracker/sqlite-tracker')}
     import { NO_SQLITE, sqliteLibs } from ${source('test/fixtures/sqlite-libs')}
     const [, , path, who, count] = process.argv
     const [{ lib }] = await sqliteLibs()
     const tracker = await sqliteTracker({ path, storage: memoryStorage(), lib })
     const { experimentId } = await tracker.ensureExperiment('shared')
     for (let i = 0; i < Number(count); i++) {
       const { runId } = await tracker.createRun({ experimentId, runName: who + ' ' + i, startTime: i })
       const metrics = Array.from({ length: 20 }, (_, step) => ({ key: 'm', value: step, step, timestamp: step }))
       await tracker.logBatch(runId, { metrics, params: { who, i: String(i) } })
       await tracker.updateRun(runId, { status: 'finished', endTime: i })
       process.stdout.write('acked ' + i + '\\n')
     }
     await tracker.close()`,
  ))
})

afterAll(() => rm(folder, { recursive: true, force: true }))

/** Runs a child to its end, or kills it `delayMs` after it told of `runs` runs; gives how many runs it told of. */
async function run(path: string, who: string, count: number, kill?: { readonly runs: number; readonly delayMs: number }): Promise<number> {
  const deadly = kill && { when: (said: string) => said.split('acked').length > kill.runs, delayMs: kill.delayMs }
  const { code, stdout } = await runChild(program, [path, who, String(count)], deadly)
  if (code !== 0 && kill === undefined) throw new Error(`${who} ended with ${code}`)
  return [...stdout.matchAll(/acked \d+\n/g)].length
}

describe.skipIf(driver === undefined)(
  `processes that share one SQLite file${driver === undefined ? ` (left out: ${NO_SQLITE})` : ''}`,
  () => {
    const kills = Number(process.env.MILLWRIGHT_KILLS ?? times(2, 8))

    it(
      `lose nothing that was acknowledged when killed (${kills} times)`,
      async () => {
        const rng = createRng(9)
        const path = join(folder, 'killed.db')
        const acked: number[] = []
        for (let k = 0; k < kills; k++) acked.push(await run(path, `k${k}`, 100_000, { runs: 2 + rng.int(20), delayMs: rng.int(20) }))
        const tracker = await sqliteTracker({ path, storage: memoryStorage(), lib: driver?.lib })
        for (const [k, count] of acked.entries()) {
          const { items } = await tracker.searchRuns({ filter: `params.who = 'k${k}' AND status = 'FINISHED'`, limit: 50_000 })
          expect(items.length).toBeGreaterThanOrEqual(count)
          // A batch is there whole or not at all.
          expect(items.every(({ metrics, params }) => metrics.m?.step === 19 && params.i !== undefined)).toBe(true)
          const last = items[0]
          if (last !== undefined) expect((await tracker.getMetricHistory(last.runId, 'm')).items.length).toBe(20)
        }
        expect(acked.reduce((sum, count) => sum + count, 0)).toBeGreaterThan(kills)
        await tracker.close()
      },
      120_000 + kills * 10_000,
    )

    const each = Number(process.env.MILLWRIGHT_RUNS ?? times(5, 50))

    it(`write side by side (8 processes × ${each} runs)`, async () => {
      const path = join(folder, 'shared.db')
      await Promise.all(Array.from({ length: 8 }, (_, who) => run(path, `p${who}`, each)))
      const tracker = await sqliteTracker({ path, storage: memoryStorage(), lib: driver?.lib })
      const { items } = await tracker.searchRuns({ limit: 50_000 })
      expect(items.length).toBe(8 * each)
      expect(new Set(items.map(({ runName }) => runName)).size).toBe(8 * each)
      expect((await tracker.listExperiments()).length).toBe(2)
      await tracker.close()
    }, 300_000)
  },
)
