/** A schedule is killed at random moments, two processes at a time: what was accepted runs once, and nothing waits for ever. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fsStorage } from '../../src/adapters/fs/fs-storage'
import { fromUtf8 } from '../../src/core/bytes'
import { createRng } from '../../src/core/random'
import type { ScheduleState } from '../../src/pipeline'
import { childProgram, type Life, runChild, source } from '../support/child-program'
import { times } from '../support/effort'

let folder = ''
let program = ''

beforeAll(async () => {
  ;({ folder, program } = await childProgram(
    `import { fsStorage } from ${source('src/adapters/fs/fs-storage')}
     import { intervalTrigger, Pipeline, schedule } from ${source('src/pipeline')}
     const [, , root, life, isLast] = process.argv
     const storage = fsStorage({ root })
     const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
     const pipeline = new Pipeline('p', { storage, leaseMs: 60 })
       .step('one', async () => { await pause(4); return 1 })
       .step('two', { needs: ['one'], run: async ({ runId }) => {
         await pause(4)
         // Each execution leaves a mark of its own.
         await storage.put('effects/' + runId + '/' + process.pid + '-' + Math.random().toString(36).slice(2), Uint8Array.of(1))
         return 2
       } })
     const plan = schedule(pipeline, { storage, overlap: 'queue', leaseMs: 60, triggers: isLast ? [] : [intervalTrigger({ everyMs: 40, overlap: 'skip' })] })
     plan.on('error', (error) => process.stderr.write(String(error.stack) + '\\n'))
     setInterval(() => {}, 1000)
     process.stdout.write('ready\\n')
     if (isLast) {
       while ((await plan.state()).pending.length > 0) await pause(20)
       plan.stop()
       await plan.done
       process.exit(0)
     }
     for (let i = 0; ; i++) {
       const key = life + '-' + (i >> 1)
       const { runId } = await plan.fire({ key })
       process.stdout.write('accepted ' + key + ' ' + runId + '\\n')
       await pause(25)
     }`,
  ))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** Runs the program; kills it `afterMs` after it accepted its first event. */
function live(args: readonly string[], afterMs?: number): Promise<Life> {
  return runChild(program, args, afterMs === undefined ? undefined : { when: (said) => said.includes('accepted'), delayMs: afterMs })
}

describe('a schedule whose processes are killed', () => {
  it('runs what was accepted, each event under one id', { timeout: 600_000 }, async () => {
    const root = join(folder, 'store')
    const rng = createRng(3)
    const accepted = new Map<string, string>()
    for (let life = 0; life < times(2, 25); life++) {
      // Two at once share the schedule; both are killed.
      const lives = await Promise.all([0, 1].map((one) => live([root, `${life}.${one}`], rng.int(220))))
      for (const { stdout, stderr } of lives) {
        expect(stderr).toBe('')
        for (const [, key = '', runId = ''] of stdout.matchAll(/^accepted (\S+) (\S+)\n/gm)) {
          // The same event fired again is the same run.
          expect(accepted.get(key) ?? runId).toBe(runId)
          accepted.set(key, runId)
        }
      }
    }
    expect(await live([root, 'last', 'yes'])).toMatchObject({ code: 0, stderr: '' })

    const storage = fsStorage({ root, fsync: false })
    const state = JSON.parse(fromUtf8(await storage.get('pipelines/p/schedules/default.json'))) as ScheduleState
    expect([state.pending, state.lease]).toEqual([[], undefined])
    const ended = state.ended.filter(({ status }) => status !== 'skipped')
    expect(new Set(ended.map(({ runId }) => runId)).size).toBe(ended.length)
    expect([...new Set(ended.map(({ status }) => status))]).toEqual(['finished'])
    const marked = new Map<string, number>()
    for (let cursor: string | undefined; ; ) {
      const page = await storage.list({ prefix: 'effects/', cursor })
      for (const { key } of page.objects) marked.set(key.split('/')[1] ?? '', (marked.get(key.split('/')[1] ?? '') ?? 0) + 1)
      cursor = page.cursor
      if (cursor === undefined) break
    }
    // An accepted run has run; a step that was killed between its effect and its record has run twice, no more often than there were kills.
    for (const [key, runId] of accepted) expect(marked.get(runId), `${key}, ${runId}`).toBeGreaterThanOrEqual(1)
    expect(accepted.size).toBeGreaterThan(2)
    const twice = [...marked.values()].filter((count) => count > 1).length
    expect(twice).toBeLessThanOrEqual(times(4, 50))
  })
})
