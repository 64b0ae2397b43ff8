/**
 * A program that logs in several runs at once, registers models and moves aliases is killed with SIGKILL at random moments, on one store
 * that lives through all of them; after each kill the store must open and hold everything that was acknowledged.
 *
 *   node scripts/run.mjs test/interop/faults/kills.ts [kills a backend, default 40] [seed, default 7] [files|sqlite, default both]
 */
import assert from 'node:assert/strict'
import { bundleFixture, killLives } from '../../fixtures/kill-lives'
import { freshFolder, needSqlite } from '../support/mlflow'

needSqlite()
const kills = Number(process.argv[2] ?? process.env.MILLWRIGHT_KILLS ?? 40)
const seed = Number(process.argv[3] ?? 7)
const kinds = (['files', 'sqlite'] as const).filter((kind) => (process.argv[4] ?? kind) === kind)
const folder = freshFolder()
const child = await bundleFixture('kill-child', folder, process.cwd())

for (const kind of kinds) {
  const outcome = await killLives({ kind, child, folder, kills, seed, onProgress: (line) => console.info(line) })
  const { counts, moments, litter } = outcome
  assert.deepEqual(outcome.faults, [])
  console.info(
    `${kind}: ${kills} kills (${moments.starting} while starting, ${moments.opening} while opening, ${moments.working} at work), ` +
      `${counts.flushes} flushes of ${outcome.runs} runs, ${counts.runsEnded} ends, ${counts.registered} registrations, ` +
      `${counts.moved} alias moves acknowledged: all there, none torn, none twice`,
  )
  console.info(
    `${kind}: at most ${litter.temporaryFiles} temporary files, ${litter.locks} locks, ${litter.walBytes} bytes of write-ahead log, ` +
      `${outcome.tornTails} unfinished last lines; ${outcome.oldLitter} files and locks left once they were old`,
  )
  assert.ok(counts.flushes > kills && counts.registered > 0 && counts.moved > 0, 'the kills came too early to show anything')
  assert.equal(outcome.oldLitter, 0)
  // A killed process leaves one file for each write it had under way, and the locks it held; both go when they are an hour old.
  assert.ok(litter.temporaryFiles + litter.locks <= 16 * kills, 'litter grows faster than kills')
  assert.ok(litter.walBytes < 2 ** 26, 'the write-ahead log grows without bound')
}
