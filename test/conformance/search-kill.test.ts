/** A search is killed at several moments and started again: it tries only the rest, and ends as a search that nobody killed. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fsStorage } from '../../src/adapters/fs/fs-storage'
import { filesTracker } from '../../src/adapters/mlruns/files-tracker'
import { createBareTracker } from '../../src/run'
import { childProgram, type Life, runChild, source } from '../support/child-program'
import { times } from '../support/effort'

let folder = ''
let program = ''
const trials = 12

beforeAll(async () => {
  ;({ folder, program } = await childProgram(
    `import { fsStorage } from ${source('src/adapters/fs/fs-storage')}
     import { filesTracker } from ${source('src/adapters/mlruns/files-tracker')}
     import { crossValidate, int, optimize, randomForestClassifier } from ${source('src/learn')}
     import { createBareTracker } from ${source('src/run')}
     import { tableFromRows } from ${source('src/schema/table')}
     const [, , root] = process.argv
     const tracker = createBareTracker({ backend: filesTracker({ storage: fsStorage({ root }) }) })
     const rows = tableFromRows(Array.from({ length: 90 }, (_, i) => ({ x: i % 17, y: (i * 7) % 13, late: (i % 17) + ((i * 7) % 13) > 13 })))
     const found = await tracker.run({ experiment: 'searches', name: 'late', resume: true }, (run) =>
       optimize(async ({ maxDepth, minSamplesLeaf }, { number }) => {
         process.stdout.write('try ' + number + '\\n')
         const model = randomForestClassifier({ nEstimators: 3, maxDepth, minSamplesLeaf, seed: 1 })
         return (await crossValidate(model, rows, { target: 'late', folds: 2, scoring: ['logLoss'] })).logLoss.mean
       }, { params: { maxDepth: int(1, 6), minSamplesLeaf: int(1, 20) }, trials: ${trials}, startupTrials: 4, seed: 5, run, resume: tracker }))
     process.stdout.write('found ' + JSON.stringify([found.bestParams, found.trials.map(({ params, score }) => [params, score])]) + '\\n')
     await tracker.close()`,
  ))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const tried = ({ stdout }: Life): number[] => [...stdout.matchAll(/^try (\d+)\n/gm)].map(([, number]) => Number(number))
const found = ({ stdout }: Life): string | undefined => /^found (.*)\n/m.exec(stdout)?.[1]
/** Kills the process when it begins a trial. */
const killedAt = (root: string, trial: number, delayMs = 0): Promise<Life> =>
  runChild(program, [root], { when: (said) => said.includes(`try ${trial}\n`), delayMs })

describe('a search whose process is killed', () => {
  it('tries only the rest, with the same result', { timeout: 120_000 }, async () => {
    const root = join(folder, 'killed')
    const lives: Life[] = []
    for (const trial of times(1, 3) === 1 ? [5] : [2, 5, 9]) lives.push(await killedAt(root, trial))
    const last = await runChild(program, [root])
    lives.push(last)
    expect(last.code).toBe(0)
    const untouched = await runChild(program, [join(folder, 'untouched')])
    expect(found(last)).toBe(found(untouched))
    expect(tried(untouched)).toEqual(Array.from({ length: trials }, (_, i) => i))
    // Every trial is tried, and again only the one that a process was killed in.
    for (let i = 1; i < lives.length; i++) {
      const [before, now] = [tried(lives[i - 1] as Life), tried(lives[i] as Life)]
      expect([before.at(-1), (before.at(-1) as number) + 1]).toContain(now[0])
      expect(now).toEqual(now.map((_, k) => (now[0] as number) + k))
    }
    expect(tried(last).at(-1)).toBe(trials - 1)

    const tracker = createBareTracker({ backend: filesTracker({ storage: fsStorage({ root }) }) })
    const runs = await tracker.search({ experiment: 'searches' })
    const ends = (status: string): number =>
      runs.filter((run) => run.status === status && run.tags['millwright.trial'] !== undefined).length
    expect(ends('finished')).toBe(trials)
    expect(ends('running')).toBe(0)
    expect(runs.filter(({ runName }) => runName === 'late').map(({ status }) => status)).toEqual(['finished'])
    await tracker.close()
  })
})
