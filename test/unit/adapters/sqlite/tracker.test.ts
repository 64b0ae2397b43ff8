import { chmod, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { memoryStorage } from '../../../../src/adapters/memory/memory-storage'
import { openDatabase } from '../../../../src/adapters/sqlite/database/database'
import { sqliteTracker } from '../../../../src/adapters/sqlite/tracker/sqlite-tracker'
import { NO_SQLITE, sqliteLibs } from '../../../fixtures/sqlite-libs'

const libs = await sqliteLibs()
const folder = await mkdtemp(join(tmpdir(), 'millwright-sqlite-unit-'))
afterAll(() => rm(folder, { recursive: true, force: true }))

if (libs.length === 0) it.skip(`sqliteTracker (left out: ${NO_SQLITE})`, () => {})

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

  it('makes the folder of the file, from many sides at once', async () => {
    const path = place('made/for/it.db')
    const opened = await Promise.all(Array.from({ length: 4 }, () => sqliteTracker({ path, storage: memoryStorage(), lib })))
    await Promise.all(opened.map((tracker) => tracker.close()))
    expect(await readdir(place('made/for'))).toContain('it.db')
  })

  it('says that the folder cannot be made', async () => {
    const inTheWay = place('file-in-the-way')
    await writeFile(inTheWay, '')
    for (const path of [join(inTheWay, 'a.db'), join(inTheWay, 'deeper', 'a.db')]) {
      await expect(sqliteTracker({ path, storage: memoryStorage(), lib })).rejects.toMatchObject({
        code: 'NotFound',
        message: expect.stringContaining('cannot be opened'),
      })
    }
    expect(await readFile(inTheWay, 'utf8')).toBe('')
  })

  it.skipIf(process.getuid?.() === 0)('says that it may not write (not as root)', async () => {
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

  it('flushes the log of the file itself, also through a link, and lets go of it', async () => {
    const path = place('flushed.db')
    const link = place('link.db')
    const made = await openDatabase({ path, lib, groupsSyncs: true })
    expect(made.get('PRAGMA synchronous')?.synchronous).toBe(1)
    await made.durable()
    made.close()
    await symlink(path, link)
    const linked = await openDatabase({ path: link, lib, groupsSyncs: true })
    linked.run("INSERT INTO tags (key, value, run_uuid) SELECT 'k', 'v', 'r' WHERE 0")
    await linked.durable()
    linked.close()
    linked.close()
    // The last to close takes the log away, which it could not while somebody on Windows held it.
    expect((await readdir(folder)).filter((file) => file.includes('flushed.db') || file.includes('link.db')).sort()).toEqual(
      [path, link].map((file) => basename(file)).sort(),
    )
    const alone = await openDatabase({ path, lib })
    expect(alone.get('PRAGMA synchronous')?.synchronous).toBe(2)
    await alone.durable()
    alone.close()
  })

  it('says that the log cannot be flushed', async () => {
    const path = place('unflushed.db')
    const database = await openDatabase({ path, lib, groupsSyncs: true })
    await rename(`${path}-wal`, `${path}-gone`)
    await expect(database.durable()).rejects.toMatchObject({ code: 'Unavailable', message: expect.stringContaining('flushed') })
    await rename(`${path}-gone`, `${path}-wal`)
    await database.durable()
    database.close()
  })

  it('gives the run it makes as reading gives it', async () => {
    const tracker = await sqliteTracker({ path: place('made.db'), storage: memoryStorage(), lib })
    const { experimentId } = await tracker.ensureExperiment('e')
    const tags = { 'mlflow.source.name': 'a.ts', 'mlflow.source.git.commit': 'abc', ...JSON.parse('{"__proto__":"p"}'), z: '' }
    for (const init of [{ startTime: 5 }, { startTime: 6, runName: 'é', user: 'ada', tags }]) {
      const made = await tracker.createRun({ experimentId, ...init })
      expect(made).toEqual(await tracker.getRun(made.runId))
    }
    await tracker.close()
  })

  it('stores every point whatever the size of the batch, and the last of each key', async () => {
    const tracker = await sqliteTracker({ path: place('batches.db'), storage: memoryStorage(), lib })
    const { experimentId } = await tracker.ensureExperiment('e')
    for (const count of [1, 3, 4, 31, 33, 255, 256, 257, 295, 1000]) {
      const { runId } = await tracker.createRun({ experimentId, startTime: 1 })
      const values = [0.5, Number.NaN, Number.NEGATIVE_INFINITY, -2, 3, Number.POSITIVE_INFINITY]
      const metrics = Array.from({ length: count }, (_, i) => ({
        key: i % 3 === 0 ? 'a' : 'b',
        value: values[i % values.length] as number,
        timestamp: 10,
        step: i,
      }))
      await tracker.logBatch(runId, { metrics })
      // Again, which adds nothing, and an earlier one, which is not the last.
      await tracker.logBatch(runId, { metrics })
      await tracker.logBatch(runId, { metrics: [{ key: 'a', value: 7, timestamp: 99, step: -1 }] })
      const kept = async (key: string): Promise<unknown[]> =>
        (await tracker.getMetricHistory(runId, key)).items.map(({ value, step }) => [value, step])
      const given = (key: string): unknown[] => metrics.filter((point) => point.key === key).map(({ value, step }) => [value, step])
      expect(await kept('a')).toEqual([...given('a'), [7, -1]])
      expect(await kept('b')).toEqual(given('b'))
      const record = await tracker.getRun(runId)
      expect(record.metrics.a).toEqual(metrics.filter(({ key }) => key === 'a').at(-1))
    }
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
