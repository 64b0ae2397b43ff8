/** Processes that commit are killed at random while another collects garbage without mercy: what was acknowledged is there, whole. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fsStorage } from '../../src/adapters/fs/fs-storage'
import { createRng } from '../../src/core/random'
import { DatasetStore } from '../../src/dataset'
import { childProgram, runChild, source } from '../support/child-program'
import { times } from '../support/effort'

let folder = ''
let program = ''

beforeAll(async () => {
  ;({ folder, program } = await childProgram(
    `import { fsStorage } from ${source('src/adapters/fs/fs-storage')}
     import { DatasetStore, fromColumns } from ${source('src/dataset')}
     const [, , root, life] = process.argv
     const store = new DatasetStore({ storage: fsStorage({ root }), chunkRows: 64, graceMs: 1000 })
     process.stdout.write('ready\\n')
     for (let i = 0; ; i++) {
       // Most rows are those of the commit before, of this process or another; every third commit is what was removed.
       const x = Int32Array.from({ length: 600 }, (_, row) => (row < 500 ? row : row * (i % 3 === 0 ? 7 : 1000 * Number(life) + i)))
       const version = await store.commit('d', fromColumns({ x, text: Array.from(x, (value) => 'text ' + (value % 400)) }), { message: life + ' ' + i })
       process.stdout.write('acked ' + version.version + ' ' + version.digest + '\\n')
       if (i % 3 === 0 && version.isNew) {
         process.stdout.write('removing ' + version.version + '\\n')
         await store.remove('d@' + version.version)
       }
     }`,
  ))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** What a process said until it was killed, some milliseconds after `commits` commits. */
async function commitAndKill(
  root: string,
  life: number,
  { commits, delayMs }: { commits: number; delayMs: number },
): Promise<readonly string[]> {
  const { stdout } = await runChild(program, [root, String(life)], { when: (said) => said.split('acked').length > commits, delayMs })
  return stdout.split('\n').slice(0, -1)
}

describe('a dataset store whose writers are killed', () => {
  it('opens, and holds every version that was acknowledged', { timeout: 600_000 }, async () => {
    const root = join(folder, 'store')
    const rng = createRng(4)
    const store = new DatasetStore({ storage: fsStorage({ root, fsync: false }), graceMs: 1000 })
    let isDone = false
    const collecting = (async () => {
      let deleted = 0
      while (!isDone) {
        deleted += (await store.gc({ graceMs: 0 })).deleted
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
      return deleted
    })()
    const acked = new Map<number, string>()
    const removing = new Set<number>()
    for (let life = 1; life <= times(2, 50); life += 2) {
      // Two at once, on one name.
      const lives = [life, life + 1].map((one) => commitAndKill(root, one, { commits: 2 + rng.int(6), delayMs: rng.int(25) }))
      for (const line of (await Promise.all(lives)).flat()) {
        const [word, version, digest] = line.split(' ')
        if (word === 'removing') removing.add(Number(version))
        if (word !== 'acked') continue
        expect(acked.get(Number(version)) ?? digest).toBe(digest)
        acked.set(Number(version), digest as string)
      }
    }
    isDone = true
    await collecting
    expect(await store.verify()).toEqual([])
    const there = new Map((await store.versions('d')).map(({ version, digest }) => [version, digest]))
    for (const [version, digest] of acked) if (!removing.has(version)) expect([version, there.get(version)]).toEqual([version, digest])
    expect(acked.size).toBeGreaterThan(3)
    // What the killed ones left is collected once their marks have run out.
    await new Promise((resolve) => setTimeout(resolve, times(0, 1100)))
    await store.gc({ graceMs: 0 })
    expect(await store.verify()).toEqual([])
  })
})
