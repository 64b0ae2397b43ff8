/** SQLite's own search against the one that the other backends share, on random runs, filters, orders and pages. */
import { describe, expect, it } from 'vitest'
import { memoryStorage } from '../../src/adapters/storage/memory'
import { memoryTracker } from '../../src/adapters/tracker/memory'
import { sqliteTracker } from '../../src/adapters/tracker/sqlite'
import type { RunQuery, TrackerBackend } from '../../src/ports/tracker-backend'
import { makeRun, randomRuns, randomSearches } from '../fixtures/random-searches'
import { sqliteLibs } from '../fixtures/sqlite-libs'

const libs = await sqliteLibs()
if (libs.length === 0) {
  it('is left out: neither node:sqlite nor better-sqlite3 is there', () => {
    console.info('left out: SQLite search (neither node:sqlite nor better-sqlite3 is there)')
  })
}

async function everyPage(backend: TrackerBackend, query: RunQuery): Promise<string[]> {
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
    const sqlite = await sqliteTracker({ path: ':memory:', storage: memoryStorage(), lib })
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
      const actual = await everyPage(sqlite, { ...search, experimentIds: [here.experimentId] })
      expect(actual, JSON.stringify(search)).toEqual(expected)
      if (expected.length > 0) found++
    }
    // A comparison of empty answers would show nothing.
    expect(found).toBeGreaterThan(searches.length / 4)
    await sqlite.close()
  })
})
