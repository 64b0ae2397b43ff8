/**
 * The registry's fault tests at length, on files and SQLite: a registering process killed at random, two processes promoting at one moment.
 *
 *   node scripts/run.mjs test/interop/faults/registry_faults.ts [kills a backend, default 200]
 */
import assert from 'node:assert/strict'
import { buildChild, killRounds, racePromotions } from '../../fixtures/registry-faults'
import { freshFolder, needSqlite } from '../support/mlflow'

needSqlite()
const rounds = Number(process.argv[2] ?? process.env.MILLWRIGHT_KILLS ?? 40)
const folder = freshFolder()
const child = await buildChild(folder, process.cwd())
for (const kind of ['files', 'sqlite'] as const) {
  const { faults, registered, moved } = await killRounds(kind, child, { root: folder, rounds, seed: 7 })
  assert.deepEqual(faults, [])
  const races = Math.ceil(rounds / 10)
  assert.deepEqual(await racePromotions(kind, child, { root: folder, rounds: races }), [])
  console.info(
    `${kind}: ${rounds} kills, ${registered} registrations and ${moved} promotions acknowledged, none lost; ${races} races, one winner each`,
  )
}
