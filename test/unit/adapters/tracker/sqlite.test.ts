import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { openDatabase } from '../../../../src/adapters/_sqlite/database'
import { memoryStorage } from '../../../../src/adapters/storage/memory'
import { sqliteTracker } from '../../../../src/adapters/tracker/sqlite'
import { sqliteLibs } from '../../../fixtures/sqlite-libs'

const libs = await sqliteLibs()
const folder = await mkdtemp(join(tmpdir(), 'millwright-sqlite-unit-'))
afterAll(() => rm(folder, { recursive: true, force: true }))

if (libs.length === 0) {
  it('is left out: neither node:sqlite nor better-sqlite3 is there', () => {
    console.info('left out: sqliteTracker (neither node:sqlite nor better-sqlite3 is there)')
  })
}

describe.each(libs)('sqliteTracker with $name', ({ name, lib }) => {
  const place = (file: string): string => join(folder, `${name.replace(':', '-')}-${file}`)

  it('refuses a file that is no database', async () => {
    const path = place('text.db')
    await writeFile(path, 'this is not a database, but it is long enough to be one'.repeat(50))
    await expect(sqliteTracker({ path, storage: memoryStorage(), lib })).rejects.toMatchObject({ code: 'Corrupt' })
  })

  it("refuses somebody else's database, and makes no table in it", async () => {
    const path = place('other.db')
    const made = await openDatabase({ path, lib })
    made.run('PRAGMA foreign_keys=OFF')
    for (const { name: table } of made.all("SELECT name FROM sqlite_master WHERE type = 'table'"))
      made.run(`DROP TABLE IF EXISTS ${String(table)}`)
    made.run('CREATE TABLE customers (id INTEGER)')
    made.close()
    await expect(sqliteTracker({ path, storage: memoryStorage(), lib })).rejects.toMatchObject({ code: 'Corrupt', message: /no table/ })
  })

  it('says that the folder is not there', async () => {
    await expect(sqliteTracker({ path: place('no/such/folder.db'), storage: memoryStorage(), lib })).rejects.toMatchObject({
      code: 'NotFound',
    })
  })

  it.skipIf(process.getuid?.() === 0)('says that it may not write', async () => {
    const path = place('readonly.db')
    await (await sqliteTracker({ path, storage: memoryStorage(), lib })).close()
    await chmod(path, 0o400)
    await expect(sqliteTracker({ path, storage: memoryStorage(), lib })).rejects.toMatchObject({ code: 'PermissionDenied' })
  })

  it("waits for another's transaction, then says that the file is locked", async () => {
    const path = place('locked.db')
    const tracker = await sqliteTracker({ path, storage: memoryStorage(), lib, busyTimeoutMs: 50 })
    const other = await openDatabase({ path, lib })
    const { experimentId } = await tracker.ensureExperiment('e')
    other.run('BEGIN IMMEDIATE')
    expect(() => tracker.createRun({ experimentId, startTime: 1 })).toThrow(
      expect.objectContaining({ code: 'Unavailable', retryable: true }),
    )
    other.run('ROLLBACK')
    expect((await tracker.createRun({ experimentId, startTime: 1 })).status).toBe('running')
    other.close()
    await tracker.close()
  })

  it('opens one new file from many sides at once', async () => {
    const path = place('raced.db')
    const all = await Promise.all(Array.from({ length: 8 }, () => sqliteTracker({ path, storage: memoryStorage(), lib })))
    const made = await Promise.all(all.map(async (tracker) => tracker.ensureExperiment('raced')))
    expect(new Set(made.map(({ experimentId }) => experimentId)).size).toBe(1)
    expect((await (all[0] as (typeof all)[number]).listExperiments()).map(({ name: experiment }) => experiment)).toEqual([
      'Default',
      'raced',
    ])
    for (const tracker of all) await tracker.close()
  })

  it('reads steps that only Python can count, and keeps NUL and quotes', async () => {
    const path = place('odd.db')
    const tracker = await sqliteTracker({ path, storage: memoryStorage(), lib })
    const { experimentId } = await tracker.ensureExperiment('e')
    const { runId } = await tracker.createRun({ experimentId, startTime: 1 })
    const text = 'a\u0000b\'"\n\u{1f600}'
    await tracker.logBatch(runId, { tags: { t: text }, metrics: [{ key: 'm', value: 1, step: 1, timestamp: 1 }] })
    const side = await openDatabase({ path, lib })
    side.run("UPDATE metrics SET step = 4611686018427387904 WHERE key = 'm'")
    side.run("UPDATE latest_metrics SET step = 4611686018427387904 WHERE key = 'm'")
    side.close()
    const run = await tracker.getRun(runId)
    expect([run.tags.t, run.metrics.m?.step]).toEqual([text, 2 ** 62])
    expect((await tracker.getMetricHistory(runId, 'm')).items[0]?.step).toBe(2 ** 62)
    await tracker.close()
  })

  it('keeps no more prepared statements than it should', async () => {
    const tracker = await sqliteTracker({ path: ':memory:', storage: memoryStorage(), lib })
    for (let i = 0; i < 400; i++)
      await tracker.searchRuns({ filter: Array.from({ length: 1 + (i % 40) }, (_, k) => `params.p${k} = '${i}'`).join(' AND ') })
    expect((await tracker.searchRuns({ filter: "params.p0 = 'x'" })).items).toEqual([])
    await tracker.close()
  })
})
