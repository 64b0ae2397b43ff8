/** Writes YAML through js-yaml, so that it reads alike under YAML 1.1 (PyYAML) and 1.2. */
import { DEFAULT_SCALAR_STYLE_RULES, dump } from 'js-yaml'
import { invalidArgument, show } from './errors'
import type { Json } from './json'

/** Deepest nesting written. */
const MAX_DEPTH = 64

/**
 * YAML text in block style, keys in insertion order, `undefined` members left out, ending in a newline.
 *
 * Sequences stand at the indent of their key, as PyYAML writes them. A string is quoted wherever YAML 1.1 or 1.2 would read
 * another type (`yes`, `1_000`, `12:30`, dates, digits); floats carry the dot that YAML 1.1 needs. A text stays on one line.
 *
 * @throws InvalidArgument for values that are not JSON, and for nesting beyond 64
 */
export function toYaml(value: Json): string {
  assertWritable(value, 0)
  const { doubleQuoteForInvisibles, doubleQuoteWhitespaceOnly, quoteInvalidPlain, fallbackToDoubleQuoted } = DEFAULT_SCALAR_STYLE_RULES
  // Without js-yaml's rule for block scalars: readers differ in how they read the blank lines at their edges.
  const scalarStyleRules = [doubleQuoteForInvisibles, doubleQuoteWhitespaceOnly, quoteInvalidPlain, fallbackToDoubleQuoted]
  return dump(value, { lineWidth: -1, noRefs: true, seqNoIndent: true, scalarStyleRules })
}

function assertWritable(value: unknown, depth: number): void {
  if (depth > MAX_DEPTH) throw invalidArgument(`a value for YAML must nest at most ${MAX_DEPTH} deep`)
  if (value === null || value === undefined || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return
  const isPlain = typeof value === 'object' && [Object.prototype, Array.prototype, null].includes(Object.getPrototypeOf(value))
  if (!isPlain) throw invalidArgument(`a value for YAML must be JSON, got ${show(value)}`)
  for (const member of Object.values(value)) assertWritable(member, depth + 1)
}
