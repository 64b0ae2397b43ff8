/** Which runs a search finds: counts first, then asks in the way that suits how many there are. */
import { MillwrightError, show } from '../../../core/errors'
import type { ParsedRunQuery } from '../../../ports/run-search'
import type { Page } from '../../../ports/tracker-backend'
import type { Database } from '../database/database'
import { bestFirst, countKept, countStatement, type SearchContext, type Sql, searchStatement, windowStatement } from './search'

/** When a search goes which way; a test makes the numbers small. */
export interface SearchSizes {
  /** Up to this many runs in the experiments of a search are few: all of them are looked at. */
  readonly few: number
  /** A clause kept by fewer runs is where a search begins. */
  readonly rare: number
  /** The newest runs, through which a search for the newest goes before it goes through all. */
  readonly newest: number
}

const usualSizes: SearchSizes = { few: 1000, rare: 500, newest: 2000 }

/** One page of run ids, sorted. @throws InvalidArgument on a cursor that cannot be */
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
      const statement = countKept(clause, lower, sizes.rare)
      return statement !== undefined && count(statement) < sizes.rare
    })
    if (rare !== undefined) return idsOf(query, { rare })
    // Runs that have the metric come first, and the newest do: where they fill the page, they are the answer.
    const best = bestFirst(query)
    const window = windowStatement(query, experimentIds, sizes.newest)
    const since = window && database.get(window.text, ...window.values)?.start_time
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
    throw new MillwrightError('InvalidArgument', `a cursor of a run search must come from the page before, got ${show(cursor)}`)
  return Number(cursor)
}
