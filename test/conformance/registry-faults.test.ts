/** A registering process is killed at random, and two promote at one moment; `test/interop/faults/registry_faults.ts` does it hundreds of times. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildChild, killRounds, type RegistryKind, racePromotions } from '../fixtures/registry-faults'
import { sqliteLibs } from '../fixtures/sqlite-libs'
import { times } from '../support/effort'

const hasSqlite = (await sqliteLibs()).some(({ name }) => name === 'node:sqlite')
const kinds: RegistryKind[] = ['files', 'sqlite']
let folder = ''
let child = ''

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millwright-registry-faults-'))
  child = await buildChild(folder)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe.each(kinds)('a registry on %s', (kind) => {
  const isMissing = kind === 'sqlite' && !hasSqlite
  const why = isMissing ? ' (left out: no node:sqlite)' : ''

  it.skipIf(isMissing)(`holds everything acknowledged when its process is killed${why}`, async () => {
    const report = await killRounds(kind, child, { root: folder, rounds: times(2, 8), seed: 20_261_122 })
    expect(report.faults).toEqual([])
    expect(report.registered).toBeGreaterThan(times(1, 3))
  })

  it.skipIf(isMissing)(`lets exactly one of two processes promote${why}`, async () => {
    expect(await racePromotions(kind, child, { root: folder, rounds: times(1, 3) })).toEqual([])
  })
})
