/** Finding the runs of a search. Counts decide which query is the fastest. */
import { MillwrightError, show } from '../../../core/errors'
import type { ParsedRunQuery } from '../../../ports/run-search'
import type { Page } from '../../../ports/tracker-backend'
import type { Database } from '../database/database'
import { bestFirst, countMatching, countStatement, newestStartStatement, type SearchContext, type Sql, searchStatement } from './search'

/** The counts at which a search chooses another query. Tests pass small ones. */
export interface SearchSizes {
  /** With up to this many runs in the experiments of a search, all of them are read. */
  readonly few: number
  /** A clause that fewer runs than this match is evaluated first. */
  readonly rare: number
  /** A search for the newest runs first reads this many of the newest, then all. */
  readonly newest: number
}

const usualSizes: SearchSizes = { few: 1000, rare: 500, newest: 2000 }

/** One page of run ids, sorted. @throws InvalidArgument for a cursor that no page has */
export function findRuns(database: Database, query: ParsedRunQuery, experimentIds: readonly string[], sizes = usualSizes): Page<string> {
  const offset = offsetOf(query.cursor)
  const { lower } = database
  const count = (statement: Sql): number => Number(database.get(statement.text, ...statement.values)?.runs)
  const isSmall = count(countStatement(experimentIds, sizes.few + 1)) <= sizes.few
  const context: SearchContext = { experimentIds, offset, lower, isSmall }
  const idsOf = (of: ParsedRunQuery, more: Partial<SearchContext> = {}): string[] => {
    const { text, values } = searchStatement(of, { ...context, ...more })
    return database.all(text, ...values).map((row) => String(row.run_uuid))
  }
  const find = (): string[] => {
    if (isSmall) return idsOf(query)
    const rare = query.clauses.find((clause) => {
      const statement = countMatching(clause, lower, sizes.rare)
      return statement !== undefined && count(statement) < sizes.rare
    })
    if (rare !== undefined) return idsOf(query, { rare })
    // Runs that have the metric are sorted before those that lack it, and newer runs before older ones. If these fill the page, no other run can be on it.
    const best = bestFirst(query)
    const newest = newestStartStatement(query, experimentIds, sizes.newest)
    const since = newest && database.get(newest.text, ...newest.values)?.start_time
    const found = best !== undefined ? idsOf(best) : since === undefined || since === null ? [] : idsOf(query, { since: Number(since) })
    return found.length > query.limit ? found : idsOf(query)
  }
  const found = find()
  if (found.length <= query.limit) return { items: found }
  return { items: found.slice(0, query.limit), cursor: String(offset + query.limit) }
}

function offsetOf(cursor: string | undefined): number {
  if (cursor === undefined) return 0
  if (!/^\d{1,15}$/.test(cursor))
    throw new MillwrightError('InvalidArgument', `the cursor of a run search must be that of the page before, got ${show(cursor)}`)
  return Number(cursor)
}
