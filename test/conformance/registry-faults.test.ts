/** A registering process is killed at random, and two promote at one moment; `test/interop/faults/registry_faults.ts` does it hundreds of times. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildChild, killRounds, type RegistryKind, racePromotions } from '../fixtures/registry-faults'
import { sqliteLibs } from '../fixtures/sqlite-libs'

const hasSqlite = (await sqliteLibs()).some(({ name }) => name === 'node:sqlite')
if (!hasSqlite) console.info('left out: faults of sqliteRegistry (no node:sqlite)')
const kinds: RegistryKind[] = hasSqlite ? ['files', 'sqlite'] : ['files']
let folder = ''
let child = ''

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millwright-registry-faults-'))
  child = await buildChild(folder)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe.each(kinds)('a registry on %s', (kind) => {
  it('holds everything acknowledged when its process is killed', async () => {
    const report = await killRounds(kind, child, { root: folder, rounds: 8, seed: 20_261_122 })
    expect(report.faults).toEqual([])
    expect(report.registered).toBeGreaterThan(3)
  }, 120_000)

  it('lets exactly one of two processes promote', async () => {
    expect(await racePromotions(kind, child, { root: folder, rounds: 3 })).toEqual([])
  }, 120_000)
})
