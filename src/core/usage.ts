/** What a factory says when it is called in another way than it is meant: the line to write. */
import { invalidArgument, show } from './errors'

/** How a factory is called. */
export interface Usage {
  /** The line to write, with a text where a path, name or address is meant. */
  readonly write: (text: string) => string
  /** The text that stands in the line when the caller gave none. */
  readonly text: string
  /** Names that are often taken for an option → the option. */
  readonly renamed?: Readonly<Record<string, string>> | undefined
}

/**
 * Checks that a factory was given an object of options, and none under a name that is often taken for another's.
 *
 * @throws InvalidArgument 'fsStorage takes an object of options, got "./x": write fsStorage({ root: "./x" })'
 */
export function assertUsage(subject: string, options: unknown, { write, text, renamed = {} }: Usage): void {
  const line = (given: unknown): string => write(JSON.stringify(typeof given === 'string' && given !== '' ? given : text))
  if (
    typeof options !== 'object' ||
    options === null ||
    Array.isArray(options) ||
    typeof (options as { then?: unknown }).then === 'function'
  ) {
    throw invalidArgument(`${subject} takes an object of options, got ${show(options)}: write ${line(options)}`)
  }
  const given = options as Readonly<Record<string, unknown>>
  for (const [name, option] of Object.entries(renamed)) {
    if (given[name] !== undefined && given[option] === undefined) {
      throw invalidArgument(`\`${name}\` is not an option of ${subject}, \`${option}\` is: write ${line(given[name])}`)
    }
  }
}
