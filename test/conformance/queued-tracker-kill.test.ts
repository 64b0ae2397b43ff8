/** A process that logs into a queue in front of a flaky backend is killed at random: what it saw acknowledged arrives, in order and once. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fsStorage } from '../../src/adapters/fs/fs-storage'
import { filesTracker } from '../../src/adapters/mlruns/files-tracker'
import { createRng } from '../../src/core/random'
import { queuedTracker } from '../../src/layers/queued/queued-tracker'
import { serverLike } from '../fixtures/server-like'
import { childProgram, runChild, source } from '../support/child-program'
import { times } from '../support/effort'

let folder = ''
let program = ''

beforeAll(async () => {
  ;({ folder, program } = await childProgram(
    `import { fsStorage } from ${source('src/adapters/fs/fs-storage')}
     import { filesTracker } from ${source('src/adapters/mlruns/files-tracker')}
     import { queuedTracker } from ${source('src/layers/queued/queued-tracker')}
     import { createRng } from ${source('src/core/random')}
     import { serverLike } from ${source('test/fixtures/server-like')}
     const [, , root, seed, from, given] = process.argv
     const fsync = Number(seed) % 4 === 0
     const rng = createRng(Number(seed))
     const server = serverLike(filesTracker({ storage: fsStorage({ root: root + '/server', fsync }) }))
     server.fate = () => (rng.next() < 0.3 ? (rng.next() < 0.5 ? 'before' : 'after') : 'ok')
     const queue = queuedTracker({ backend: server.backend, storage: fsStorage({ root: root + '/queue', fsync }), backoffMs: 2, maxBackoffMs: 5, waitMs: 60_000 })
     let runId = given
     if (runId === undefined) {
       const { experimentId } = await queue.ensureExperiment('kill')
       runId = (await queue.createRun({ experimentId, runName: 'killed', startTime: 1 })).runId
       process.stdout.write('run ' + runId + '\\n')
     }
     for (let i = Number(from); ; i++) {
       await queue.logBatch(runId, { metrics: [{ key: 'm', value: i, step: i, timestamp: i }], params: { ['p' + i]: String(i) }, tags: { last: String(i) } })
       if (i % 5 === 0) await queue.putArtifact({ runId }, 'a/' + i + '.txt', new TextEncoder().encode('text ' + i))
       process.stdout.write('acked ' + i + '\\n')
     }`,
  ))
})

afterAll(() => rm(folder, { recursive: true, force: true }))

/** Runs the child until it is killed, `delayMs` after it has told of `words` acknowledgements; gives what it wrote. */
async function killed(
  parameters: readonly string[],
  words: number,
  delayMs: number,
): Promise<{ readonly runId?: string; readonly acked: number }> {
  const { stdout: text } = await runChild(program, parameters, { when: (said) => said.split('acked').length > words, delayMs })
  const runId = /run (\S+)\n/.exec(text)?.[1]
  const acked = Math.max(-1, ...[...text.matchAll(/acked (\d+)\n/g)].map(([, n]) => Number(n)))
  return { acked, ...(runId === undefined ? {} : { runId }) }
}

describe('a queue whose process is killed', () => {
  const kills = Number(process.env.MILLWRIGHT_KILLS ?? times(2, 8))

  it(
    `delivers all that was acknowledged, once (${kills} kills)`,
    async () => {
      const rng = createRng(5)
      const root = join(folder, 'data')
      let runId: string | undefined
      let acked = -1
      for (let k = 0; k < kills; k++) {
        const given = runId === undefined ? [] : [runId]
        const outcome = await killed([root, String(k), String(acked + 1), ...given], 2 + rng.int(15), rng.int(20))
        runId ??= outcome.runId
        acked = Math.max(acked, outcome.acked)
      }
      expect(acked).toBeGreaterThan(kills)
      const truth = filesTracker({ storage: fsStorage({ root: join(root, 'server'), fsync: false }) })
      const { backend } = serverLike(truth)
      const rejected: unknown[] = []
      const queue = queuedTracker({
        backend,
        storage: fsStorage({ root: join(root, 'queue'), fsync: false }),
        onWarning: ({ kind, error }) => kind === 'rejected' && rejected.push(error),
      })
      await queue.flush()
      expect(rejected).toEqual([])
      const { items } = await truth.searchRuns({})
      expect(items.map(({ runName }) => runName)).toEqual(['killed'])
      const [run] = items
      const values = (await truth.getMetricHistory(run?.runId as string, 'm')).items.map(({ value }) => value)
      // The one that was on its way may have arrived too; none is missing, none doubled.
      expect(values).toEqual(Array.from({ length: values.length }, (_, i) => i))
      expect(values.length).toBeGreaterThan(acked)
      expect(Object.keys(run?.params ?? {}).length).toBe(values.length)
      expect(Number(run?.tags.last)).toBe(values.length - 1)
      const texts = await truth.listArtifacts({ runId: run?.runId as string }, 'a')
      expect(texts.length).toBeGreaterThanOrEqual(Math.floor(acked / 5) + 1)
      await queue.close()
    },
    120_000 + kills * 10_000,
  )
})
