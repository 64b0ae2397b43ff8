/** Names of `redact` that leave out nothing: a misspelt one would let what must not be logged into the log. */
import { invalidArgument, type MillwrightError, show } from '../core/errors'
import { isMisspelling } from '../core/spelling'
import type { Row } from '../schema/table'
import type { MonitorOptions } from './monitor-options'

/** Checks the names of `redact`. */
export interface RedactionCheck {
  /** Columns of a watched model. @throws InvalidArgument when a name misspells one of them */
  assertColumns(columns: readonly string[]): void
  /** Of the first row: an error that lists the names which it has not. They may be of other rows, or leave out nothing. */
  unknownIn(input: Row): MillwrightError | undefined
}

/** The check of a monitor's option. */
export function createRedactionCheck(monitor: string, redact: MonitorOptions['redact']): RedactionCheck {
  const hidden: readonly string[] = Array.isArray(redact) ? redact : []
  let isFirst = hidden.length > 0
  const unknown = (columns: readonly string[]): { readonly name: string; readonly meant: string | undefined }[] =>
    hidden
      .filter((name) => !columns.includes(name))
      .map((name) => ({ name, meant: columns.find((column) => !hidden.includes(column) && isMisspelling(name, column)) }))
  return {
    assertColumns(columns) {
      const misspelt = unknown(columns).find(({ meant }) => meant !== undefined)
      if (misspelt === undefined) return
      const { name, meant } = misspelt
      throw invalidArgument(`\`redact\` of ${monitor} names ${show(name)}, which the model has not; did you mean ${show(meant)}?`)
    },
    unknownIn(input) {
      if (!isFirst) return undefined
      isFirst = false
      const names = unknown(Object.keys(input)).map(
        ({ name, meant }) => show(name) + (meant === undefined ? '' : ` (did you mean ${show(meant)}?)`),
      )
      if (names.length === 0) return undefined
      return invalidArgument(`\`redact\` of ${monitor} names what the first logged row has not: ${names.join(', ')}`, {
        hint: 'if no row ever has it, nothing is left out',
      })
    },
  }
}
