/** Writes YAML through js-yaml, so that it reads alike under YAML 1.1 (PyYAML) and 1.2. */
import { DEFAULT_SCALAR_STYLE_RULES, dump, SCALAR_STYLE, type ScalarStyleRule } from 'js-yaml'
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
  const scalarStyleRules = [
    ...[doubleQuoteForInvisibles, doubleQuoteWhitespaceOnly, onOneLine, quoteLikeNumber],
    ...[quoteInvalidPlain, fallbackToDoubleQuoted],
  ]
  return dump(value, { lineWidth: -1, noRefs: true, seqNoIndent: true, scalarStyleRules })
}

/** In place of js-yaml's block scalars, whose blank lines at the edges readers take differently. */
const onOneLine: ScalarStyleRule = (layout) => {
  if (layout.node.value.includes('\n')) layout.style = SCALAR_STYLE.DOUBLE_QUOTED
}

/** YAML 1.1 leaves open which digits a number needs, so some readers take `.`, `e1`, `1_e1`, `08_` or `0x_` for numbers. */
const likeNumber = /^[-+]?(?:[0-9_]*\.?[0-9_]*(?:[eE][-+]?[0-9]+)?|0[bx][0-9a-fA-F_]*)$/
const quoteLikeNumber: ScalarStyleRule = (layout) => {
  if (layout.style === SCALAR_STYLE.PLAIN && layout.node.tag === 'tag:yaml.org,2002:str' && likeNumber.test(layout.node.value))
    layout.style = SCALAR_STYLE.SINGLE_QUOTED
}

function assertWritable(value: unknown, depth: number): void {
  if (depth > MAX_DEPTH) throw invalidArgument(`a value for YAML must nest at most ${MAX_DEPTH} deep`)
  if (value === null || value === undefined || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return
  const isPlain = typeof value === 'object' && [Object.prototype, Array.prototype, null].includes(Object.getPrototypeOf(value))
  if (!isPlain) throw invalidArgument(`a value for YAML must be JSON, got ${show(value)}`)
  for (const member of Object.values(value)) assertWritable(member, depth + 1)
}
