/**
 * Many processes log runs into one store and register versions of one model in it, all at the same time: every run is there, whole and
 * once, and the versions are numbered without a gap or a double.
 *
 *   node scripts/run.mjs test/interop/faults/crowd.ts [processes, default 8] [runs of each, default 20] [files|sqlite, default both]
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { bundleFixture } from '../../fixtures/kill-lives'
import { openStore, POINTS_A_ROUND, type StoreKind } from '../../fixtures/kill-store'
import { freshFolder, needSqlite } from '../support/mlflow'

needSqlite()
const processes = Number(process.argv[2] ?? 8)
const runsOfEach = Number(process.argv[3] ?? 20)
const kinds = (['files', 'sqlite'] as const).filter((kind) => (process.argv[4] ?? kind) === kind)
const EVERY = 5
const folder = freshFolder()
const program = await bundleFixture('crowd-child', folder, process.cwd())

/** Starts one process; `ready` resolves when it waits for the word to begin. */
function join_(kind: StoreKind, root: string, who: number) {
  const parameters = [kind, root, String(who), String(runsOfEach), String(EVERY)]
  const child = spawn(process.execPath, ['--no-warnings', program, ...parameters], { stdio: ['pipe', 'pipe', 'inherit'] })
  let text = ''
  const ready = new Promise<void>((resolve) => child.stdout.once('data', () => resolve()))
  child.stdout.on('data', (chunk) => {
    text += chunk
  })
  const done = new Promise<string[]>((resolve, reject) => {
    child.once('close', (code) => (code === 0 ? resolve(text.trim().split('\n')) : reject(new Error(`process ${who} ended with ${code}`))))
  })
  return { ready, done, begin: () => child.stdin.end('go\n') }
}

for (const kind of kinds) {
  const root = join(folder, kind)
  mkdirSync(root)
  // The first moment is the worst: nobody has made the tables yet.
  const crowd = Array.from({ length: processes }, (_, who) => join_(kind, root, who))
  await Promise.all(crowd.map(({ ready }) => ready))
  const since = performance.now()
  for (const { begin } of crowd) begin()
  const told = (await Promise.all(crowd.map(({ done }) => done))).flat()
  const seconds = (performance.now() - since) / 1000
  const registered = told.map((line) => line.split(' ')).filter(([word]) => word === 'registered')

  const { tracker, registry, close } = await openStore(kind, root, { fsync: false })
  const runs = await tracker.search({ experiment: 'crowd', limit: 1_000_000 })
  assert.equal(runs.length, processes * runsOfEach)
  assert.equal(new Set(runs.map(({ runName }) => runName)).size, runs.length)
  for (const { runId, status, params, tags } of runs) {
    assert.equal(status, 'finished')
    assert.deepEqual(params, { who: tags.who, i: tags.i })
    const values = (await tracker.metricHistory(runId, 'm')).map(({ value }) => value)
    assert.deepEqual(values, Array(POINTS_A_ROUND).fill(Number(tags.who) * 1000 + Number(tags.i)))
  }
  const experiments = (await tracker.experiments()).filter(({ name }) => name === 'crowd')
  assert.equal(experiments.length, 1)
  const versions = await registry.listVersions('crowded')
  assert.equal(versions.length, processes * Math.ceil(runsOfEach / EVERY))
  assert.deepEqual(
    versions.map(({ version }) => Number(version)),
    versions.map((_, i) => i + 1),
  )
  // Each version is linked with the run whose process was told of it.
  const runOf = new Map(versions.map(({ version, runId }) => [version, runId]))
  assert.equal(registered.length, versions.length)
  for (const [, version = '', runId] of registered) assert.equal(runOf.get(version), runId)
  const noted = (await registry.history('crowded')).map(({ version }) => Number(version))
  assert.deepEqual(
    noted.sort((a, b) => a - b),
    versions.map((_, i) => i + 1),
  )
  await close()
  console.info(
    `${kind}: ${processes} processes × ${runsOfEach} runs in ${seconds.toFixed(1)} s: ${runs.length} runs whole and once, ` +
      `${versions.length} versions numbered 1 to ${versions.length}, each linked with its run`,
  )
}
