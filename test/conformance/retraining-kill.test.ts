/** A durable closed loop is killed at random moments: each retraining ends once, in one version, one verdict and at most one promotion. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fsStorage } from '../../src/adapters/fs/fs-storage'
import { fromUtf8 } from '../../src/core/bytes'
import { createRng } from '../../src/core/random'
import { ModelRegistry } from '../../src/registry'
import type { RetrainingVerdict } from '../../src/retraining'
import { childProgram, type Life, runChild, source } from '../support/child-program'
import { times } from '../support/effort'

let folder = ''
let program = ''

beforeAll(async () => {
  ;({ folder, program } = await childProgram(
    `import { fsStorage } from ${source('src/adapters/fs/fs-storage')}
     import { functionModel, functionRuntime } from ${source('src/adapters/function/function-runtime')}
     import { Monitor } from ${source('src/monitor')}
     import { ModelRegistry } from ${source('src/registry')}
     import { createRetraining } from ${source('src/retraining')}
     import { tableFromRows } from ${source('src/schema/table')}
     const [, , root, count] = process.argv
     const storage = fsStorage({ root })
     const registry = new ModelRegistry({ storage })
     const functions = Object.fromEntries(Array.from({ length: 10 }, (_, t) => ['t' + t, ({ x }) => Number(x) > t]))
     const signature = { inputs: [{ name: 'x', type: 'float64' }], outputs: [{ name: 'busy', type: 'boolean' }] }
     const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
     // What is learned depends on the id alone: what is called again gives the same. Every third challenger is a bad one.
     const train = async ({ id }) => {
       await pause(3)
       const t = parseInt(id.slice(0, 4), 16) % 9
       const name = 't' + (parseInt(id.slice(4, 8), 16) % 3 === 0 ? 9 - t : t)
       const holdout = tableFromRows(Array.from({ length: 10 }, (_, x) => ({ x, busy: x > t })))
       return { model: functionModel(functions[name], { name, signature, task: 'classification', target: 'busy' }), holdout }
     }
     const canary = async ({ challenger }) => {
       await pause(3)
       return { passed: Number(challenger) % 4 !== 3, summary: 'a trial of version ' + challenger }
     }
     const retraining = createRetraining({
       monitor: new Monitor(), registry, model: 'bikes', train, canary, storage, durable: true, leaseMs: 40,
       runtimes: [functionRuntime({ functions })], metric: 'accuracy',
     })
     retraining.on('error', (error) => process.stderr.write(String(error.stack) + '\\n'))
     retraining.on('retraining-end', ({ id, outcome }) => process.stdout.write('end ' + id + ' ' + outcome + '\\n'))
     retraining.on('retraining-start', ({ resumed }) => resumed && process.stdout.write('resumed\\n'))
     process.stdout.write('ready\\n')
     for (let done = 0; done < Number(count); ) {
       await retraining.idle()
       try {
         await retraining.retrain('again')
         done += 1
       } catch (error) {
         // The lease of the process that was killed has not ended yet.
         if (error.code !== 'InvalidState') throw error
         await pause(10)
       }
     }
     await retraining.close()`,
  ))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** Runs the program until it has done `count` retrainings, or kills it some time after it said `word`. */
function live(root: string, count: number, kill?: { readonly word: string; readonly delayMs: number }): Promise<Life> {
  return runChild(program, [root, String(count)], kill && { when: (said) => said.includes(kill.word), delayMs: kill.delayMs })
}

describe('a durable retraining loop whose process is killed', () => {
  it('ends every retraining once', { timeout: 600_000 }, async () => {
    const root = join(folder, 'store')
    const rng = createRng(7)
    const ended = new Map<string, string>()
    let resumed = 0
    const take = (stdout: string): void => {
      resumed += stdout.split('resumed\n').length - 1
      for (const [, id = '', outcome = ''] of stdout.matchAll(/^end (\w+) (\w+)\n/gm)) {
        expect(ended.has(id), `${id} ended twice`).toBe(false)
        ended.set(id, outcome)
      }
    }
    for (let life = 0; life < times(3, 50); life++) {
      // A retraining that is interrupted again and again is given up. Every third process ends one first, however busy the machine is.
      const kill = life % 3 === 2 ? { word: 'end ', delayMs: rng.int(100) } : { word: 'ready', delayMs: 20 + rng.int(150) }
      const { stdout, stderr } = await live(root, 1_000_000, kill)
      expect(stderr).toBe('')
      take(stdout)
    }
    const last = await live(root, 2)
    expect([last.code, last.stderr]).toEqual([0, ''])
    take(last.stdout)

    const storage = fsStorage({ root, fsync: false })
    const registry = new ModelRegistry({ storage })
    const state = JSON.parse(fromUtf8(await storage.get('retraining/bikes/state/champion.json'))) as { current?: unknown; lease?: unknown }
    expect([state.current, state.lease]).toEqual([undefined, undefined])
    const verdicts: RetrainingVerdict[] = []
    for (const { key } of (await storage.list({ prefix: 'retraining/bikes/', shallow: true })).objects) {
      verdicts.push(JSON.parse(fromUtf8(await storage.get(key))) as RetrainingVerdict)
    }
    const byId = new Map(verdicts.map((verdict) => [verdict.id, verdict]))
    expect(byId.size).toBe(verdicts.length)
    // Every end that was told is stored; a process may have died between storing and telling.
    for (const [id, outcome] of ended) expect([id, byId.get(id)?.outcome]).toEqual([id, outcome])
    const versions = await registry.listVersions('bikes')
    expect(versions.map(({ tags }) => tags.retraining).sort()).toEqual([...byId.keys()].sort())
    const history = await registry.history('bikes')
    const promoted = verdicts.filter(({ outcome }) => outcome === 'promoted')
    const moves = history.filter(({ how }) => how === 'promote')
    expect(moves.map(({ version }) => version).sort()).toEqual(promoted.map(({ challenger }) => challenger?.version).sort())
    expect((await registry.resolve('bikes@champion')).version).toBe(moves.at(-1)?.version)
    expect(verdicts.some(({ outcome }) => outcome === 'failed')).toBe(false)
    expect(resumed).toBeGreaterThanOrEqual(times(0, 10))
  })
})
