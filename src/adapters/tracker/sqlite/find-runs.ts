/** Which runs a search finds: counts first, then asks in the way that suits how many there are. */
import { MillwrightError, show } from '../../../core/errors'
import type { ParsedRunQuery } from '../../../ports/run-search'
import type { Page } from '../../../ports/tracker-backend'
import type { Database } from '../../_sqlite/database'
import { bestFirst, countStatement, type Sql, searchStatement } from './search'

/** Up to this many runs in the experiments of a search are few: all of them are looked at. */
const FEW_RUNS = 1000

/** One page of run ids, sorted. `few`: see above; a test sets it. @throws InvalidArgument on a cursor that cannot be */
export function findRuns(database: Database, query: ParsedRunQuery, experimentIds: readonly string[], few = FEW_RUNS): Page<string> {
  const offset = offsetOf(query.cursor)
  const count = countStatement(experimentIds, few + 1)
  const isSmall = Number(database.get(count.text, ...count.values)?.runs) <= few
  const context = { experimentIds, offset, lower: database.lower, isSmall }
  const idsOf = ({ text, values }: Sql): string[] => database.all(text, ...values).map((row) => String(row.run_uuid))
  const best = isSmall ? undefined : bestFirst(query)
  let found = best === undefined ? [] : idsOf(searchStatement(best, context))
  // Runs that have the metric come first, so a full page of them is the answer.
  if (found.length <= query.limit) found = idsOf(searchStatement(query, context))
  if (found.length <= query.limit) return { items: found }
  return { items: found.slice(0, query.limit), cursor: String(offset + query.limit) }
}

function offsetOf(cursor: string | undefined): number {
  if (cursor === undefined) return 0
  if (!/^\d{1,15}$/.test(cursor))
    throw new MillwrightError('InvalidArgument', `a cursor of a run search must come from the page before, got ${show(cursor)}`)
  return Number(cursor)
}
