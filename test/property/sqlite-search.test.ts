/** SQLite's own search against the one that the other backends share, on random runs, filters, orders and pages. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { memoryStorage } from '../../src/adapters/memory/memory-storage'
import { memoryTracker } from '../../src/adapters/memory/memory-tracker'
import { openDatabase } from '../../src/adapters/sqlite/database/database'
import { findRuns, type SearchSizes } from '../../src/adapters/sqlite/tracker/find-runs'
import { sqliteTracker } from '../../src/adapters/sqlite/tracker/sqlite-tracker'
import { parseRunQuery } from '../../src/ports/run-search'
import type { RunQuery, TrackerBackend } from '../../src/ports/tracker-backend'
import { makeRun, randomRuns, randomSearches } from '../fixtures/random-searches'
import { NO_SQLITE, sqliteLibs } from '../fixtures/sqlite-libs'

const libs = await sqliteLibs()
if (libs.length === 0) it.skip(`SQLite search (left out: ${NO_SQLITE})`, () => {})

async function everyPage(backend: Pick<TrackerBackend, 'searchRuns'>, query: RunQuery): Promise<string[]> {
  const ids: string[] = []
  let cursor: string | undefined
  do {
    const page = await backend.searchRuns({ ...query, cursor })
    ids.push(...page.items.map(({ runId }) => runId))
    cursor = page.cursor
  } while (cursor !== undefined)
  return ids
}

describe.each(libs)('search with $name', ({ lib }) => {
  it.each([1, 2, 3])('answers as the shared search does (seed %i)', async (seed) => {
    const shared = memoryTracker()
    const folder = await mkdtemp(join(tmpdir(), 'millwright-sqlite-search-'))
    const path = join(folder, 'mlflow.db')
    const sqlite = await sqliteTracker({ path, storage: memoryStorage(), lib })
    const database = await openDatabase({ path, lib })
    // Where there are many runs, a search begins with a rare clause, the best or the newest; here one run is many, and a few are rare.
    const asIfMany = ({ rare, newest }: Pick<SearchSizes, 'rare' | 'newest'>): Pick<TrackerBackend, 'searchRuns'> => ({
      async searchRuns(query) {
        const { items, ...next } = findRuns(database, parseRunQuery(query), query.experimentIds ?? [], { few: 0, rare, newest })
        return { items: await Promise.all(items.map(async (id) => sqlite.getRun(id))), ...next }
      },
    })
    const ways = [sqlite, asIfMany({ rare: 0, newest: 1000 }), asIfMany({ rare: 0, newest: 20 }), asIfMany({ rare: 15, newest: 5 })]
    const there = await shared.ensureExperiment('searched')
    const here = await sqlite.ensureExperiment('searched')
    for (const run of randomRuns(seed, 60, { isUnicode: true })) {
      const runId = await makeRun(shared, there.experimentId, run)
      await makeRun(sqlite, here.experimentId, run, runId)
    }
    let found = 0
    const extreme = ['metrics.x >= 1e999', 'metrics.x < -1.7976931348623157e308', 'metrics.x = 1e999', 'metrics.x != -1e999']
    const searches = [...randomSearches(seed + 100, 300, { isUnicode: true }), ...extreme.map((filter) => ({ filter }))]
    for (const search of searches) {
      const expected = await everyPage(shared, { ...search, experimentIds: [there.experimentId] })
      for (const backend of ways) {
        const actual = await everyPage(backend, { ...search, experimentIds: [here.experimentId] })
        expect(actual, JSON.stringify(search)).toEqual(expected)
      }
      // An id that no experiment has, so that there is a list to look in.
      const listed = await everyPage(asIfMany({ rare: 15, newest: 20 }), { ...search, experimentIds: [here.experimentId, '999'] })
      expect(listed, JSON.stringify(search)).toEqual(expected)
      if (expected.length > 0) found++
    }
    // A comparison of empty answers would show nothing.
    expect(found).toBeGreaterThan(searches.length / 4)
    database.close()
    await sqlite.close()
    await rm(folder, { recursive: true, force: true })
  })
})
