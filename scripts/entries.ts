/** The published entries, from the one list `scripts/entries.json` (subpath → source file); build, tests and the package's manifest all use it. */
import list from './entries.json' with { type: 'json' }

/** One published entry. */
export interface Entry {
  /** Its subpath in `exports`: `./storage/fs`. */
  readonly subpath: string
  /** Its source file. */
  readonly source: string
  /** Its name in `dist/`. */
  readonly output: string
}

/** Every entry, in the order of the list. */
export function entries(): Entry[] {
  return Object.entries(list).map(([subpath, source]) => ({ subpath, source, output: subpath === '.' ? 'index' : subpath.slice(2) }))
}

/** The source of `millwright` or `millwright/…`; `undefined` where the package has no such entry. */
export function sourceOf(specifier: string): string | undefined {
  return entries().find(({ subpath }) => specifier === `millwright${subpath.slice(1)}`)?.source
}
