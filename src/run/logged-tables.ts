/** MLflow's list of a run's tables, which it keeps in a tag. */
import { assertText, runLimits } from '../ports/run-keys'

/** The tag. */
export const LOGGED_ARTIFACTS = 'mlflow.loggedArtifacts'

/** The tables of a run so far. */
export interface LoggedTables {
  /** The tag with `path` on the list. @throws InvalidArgument when the list outgrows a tag */
  with(path: string): string
  /** Puts `path` on the list. */
  add(path: string): void
}

/** Reads the list of a run that may have logged tables before. A tag that is no JSON array counts as an empty list. */
export function loggedTables(tag: string | undefined): LoggedTables {
  const listed = entriesOf(tag)
  const has = (path: string): boolean => listed.some((entry) => (entry as { path?: unknown } | null)?.path === path)
  return {
    with(path) {
      const text = JSON.stringify(has(path) ? listed : [...listed, { path, type: 'table' }])
      assertText(text, runLimits.tagValue, 'the list of logged tables')
      return text
    },
    add(path) {
      if (!has(path)) listed.push({ path, type: 'table' })
    },
  }
}

function entriesOf(tag: string | undefined): unknown[] {
  try {
    const listed: unknown = JSON.parse(tag ?? '[]')
    return Array.isArray(listed) ? listed : []
  } catch {
    return []
  }
}
