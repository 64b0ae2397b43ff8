/**
 * Parses MLflow's filter grammar for runs: `clause (AND clause)*`, without OR, parentheses and NOT (MLflow 3, `SearchUtils`).
 *
 * The left side of a clause is `metrics.k`, `params.k`, `tags.k`, `dataset.name|digest|context`, or an attribute with or without `attributes.`.
 * A key with other characters than letters, digits and `_` is written in backticks or double quotes. A string is written in single or double
 * quotes, without escapes.
 */
import { invalidArgument, type MillwrightError, show } from '../core/errors'

/** The kind of value that a clause compares. */
export type RunField = 'metric' | 'param' | 'tag' | 'attribute' | 'dataset'

/** The comparison operators. */
export type Comparator = '=' | '!=' | '<' | '<=' | '>' | '>=' | 'LIKE' | 'ILIKE' | 'IN' | 'NOT IN' | 'IS NULL' | 'IS NOT NULL'

/** One comparison of a filter. */
export interface RunClause {
  readonly field: RunField
  readonly key: string
  readonly comparator: Comparator
  /** A number for metrics and times, a list for `IN` and `NOT IN`, `null` for `IS NULL` and `IS NOT NULL`. */
  readonly value: number | string | readonly string[] | null
}

/** The value that a clause compares, or that `orderBy` sorts by. */
export interface RunIdentifier {
  readonly field: RunField
  readonly key: string
}

type Token =
  | { readonly kind: 'name'; readonly text: string; readonly parts: readonly string[] }
  | { readonly kind: 'string' | 'quoted' | 'number' | 'operator' | 'punctuation'; readonly text: string }

const fieldsByPrefix: Readonly<Record<string, RunField>> = {
  metric: 'metric',
  metrics: 'metric',
  param: 'param',
  params: 'param',
  parameter: 'param',
  parameters: 'param',
  tag: 'tag',
  tags: 'tag',
  attribute: 'attribute',
  attributes: 'attribute',
  attr: 'attribute',
  run: 'attribute',
  dataset: 'dataset',
  datasets: 'dataset',
}
const attributeAliases: Readonly<Record<string, string>> = {
  created: 'start_time',
  Created: 'start_time',
  'run name': 'run_name',
  'Run name': 'run_name',
  'Run Name': 'run_name',
}
const stringAttributes: readonly string[] = ['run_id', 'run_name', 'status', 'user_id', 'artifact_uri']
const numericAttributes: readonly string[] = ['start_time', 'end_time']
const datasetKeys: readonly string[] = ['name', 'digest', 'context']
const numericComparators: readonly string[] = ['=', '!=', '<', '<=', '>', '>=']
const textComparators: readonly string[] = ['=', '!=', 'LIKE', 'ILIKE']

/**
 * The clauses of a filter; an empty filter has none.
 *
 * @throws InvalidArgument naming the part that does not fit the grammar
 */
export function parseFilter(filter: string | undefined): readonly RunClause[] {
  if (filter === undefined || filter.trim() === '') return []
  const tokens = tokenize(filter)
  const clauses: RunClause[] = []
  let at = 0
  while (true) {
    const [clause, next] = parseClause(tokens, at, filter)
    clauses.push(clause)
    at = next
    if (at === tokens.length) return clauses
    if (!isWord(tokens[at], 'AND')) {
      throw problem(filter, `expected AND, found ${show(tokens[at]?.text)}`, isWord(tokens[at], 'OR') ? 'MLflow has no OR' : undefined)
    }
    at++
  }
}

/** Parses the left side of a comparison, or a sort key of `orderBy`. @throws InvalidArgument */
export function parseIdentifier(parts: readonly string[], subject: string): RunIdentifier {
  const [prefix = '', ...rest] = parts
  const field = rest.length === 0 ? 'attribute' : fieldsByPrefix[prefix]
  if (field === undefined || (rest.length > 0 && !Object.hasOwn(fieldsByPrefix, prefix))) {
    throw problem(subject, `${show(prefix)} is none of metrics, params, tags, attributes, dataset`)
  }
  const given = rest.length === 0 ? prefix : rest.join('.')
  const key = field === 'attribute' && Object.hasOwn(attributeAliases, given) ? (attributeAliases[given] as string) : given
  if (field === 'attribute' && !stringAttributes.includes(key) && !numericAttributes.includes(key)) {
    throw problem(subject, `no attribute ${show(key)}; there are ${[...stringAttributes, ...numericAttributes].join(', ')}`)
  }
  if (field === 'dataset' && !datasetKeys.includes(key)) {
    throw problem(subject, `a dataset has ${datasetKeys.join(', ')}, not ${show(key)}`)
  }
  return { field, key }
}

/** Splits a filter or a sort key into tokens. @throws InvalidArgument at the first character that begins no token */
export function tokenize(text: string): readonly Token[] {
  const pattern =
    /\s+|('[^']*')|(-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\p{L}\p{N}_]))|((?:`[^`]*`|"[^"]*"|[\p{L}_][\p{L}\p{N}_]*)(?:\.(?:`[^`]*`|"[^"]*"|[\p{L}\p{N}_]+))*)|([<>=!]+)|([(),])/uy
  const tokens: Token[] = []
  while (pattern.lastIndex < text.length) {
    const at = pattern.lastIndex
    const match = pattern.exec(text)
    if (match === null)
      throw problem(
        text,
        `cannot read ${show(text.slice(at, at + 20))}`,
        'write a key with other characters than letters, digits and _ in backticks',
      )
    const [, string, number, name, operator, punctuation] = match
    if (string !== undefined) tokens.push({ kind: 'string', text: string.slice(1, -1) })
    else if (number !== undefined) tokens.push({ kind: 'number', text: number })
    else if (name !== undefined) tokens.push(nameToken(name))
    else if (operator !== undefined) tokens.push({ kind: 'operator', text: operator })
    else if (punctuation !== undefined) tokens.push({ kind: 'punctuation', text: punctuation })
  }
  return tokens
}

/** The parts of an identifier; `undefined` for a token that is none. */
export function identifierParts(token: Token | undefined): readonly string[] | undefined {
  if (token?.kind === 'quoted') return [token.text]
  return token?.kind === 'name' ? token.parts : undefined
}

function nameToken(text: string): Token {
  const parts = text.match(/`[^`]*`|"[^"]*"|[^.`"]+/g) ?? []
  // Text in double quotes without a prefix is a key on the left side and a string on the right side.
  if (parts.length === 1 && text.startsWith('"')) return { kind: 'quoted', text: text.slice(1, -1) }
  return { kind: 'name', text, parts: parts.map((part) => (/^[`"]/.test(part) ? part.slice(1, -1) : part)) }
}

function parseClause(tokens: readonly Token[], at: number, filter: string): readonly [RunClause, number] {
  const parts = identifierParts(tokens[at])
  if (parts === undefined) throw problem(filter, `expected a metric, param, tag or attribute, found ${show(tokens[at]?.text ?? 'the end')}`)
  const { field, key } = parseIdentifier(parts, filter)
  const [comparator, next] = parseComparator(tokens, at + 1, filter)
  assertComparator(field, key, comparator, filter)
  if (comparator === 'IS NULL' || comparator === 'IS NOT NULL') return [{ field, key, comparator, value: null }, next]
  if (comparator === 'IN' || comparator === 'NOT IN') {
    const [value, end] = parseList(tokens, next, filter)
    return [{ field, key, comparator, value }, end]
  }
  return [{ field, key, comparator, value: parseValue(tokens[next], isNumeric(field, key), key, filter) }, next + 1]
}

function parseComparator(tokens: readonly Token[], at: number, filter: string): readonly [Comparator, number] {
  const token = tokens[at]
  if (token?.kind === 'operator' && numericComparators.includes(token.text)) return [token.text as Comparator, at + 1]
  const word = token?.kind === 'name' ? token.text.toUpperCase() : ''
  if (word === 'LIKE' || word === 'ILIKE' || word === 'IN') return [word, at + 1]
  if (word === 'NOT' && isWord(tokens[at + 1], 'IN')) return ['NOT IN', at + 2]
  if (word === 'IS' && isWord(tokens[at + 1], 'NULL')) return ['IS NULL', at + 2]
  if (word === 'IS' && isWord(tokens[at + 1], 'NOT') && isWord(tokens[at + 2], 'NULL')) return ['IS NOT NULL', at + 3]
  throw problem(filter, `expected a comparison such as = or LIKE, found ${show(token?.text ?? 'the end')}`)
}

function assertComparator(field: RunField, key: string, comparator: Comparator, filter: string): void {
  const allowed = isNumeric(field, key)
    ? numericComparators
    : field === 'param' || field === 'tag'
      ? [...textComparators, 'IS NULL', 'IS NOT NULL']
      : field === 'dataset' || key === 'run_id'
        ? [...textComparators, 'IN', 'NOT IN']
        : textComparators
  if (!allowed.includes(comparator)) throw problem(filter, `${key} can be compared with ${allowed.join(' ')}, not with ${comparator}`)
}

function parseValue(token: Token | undefined, numeric: boolean, key: string, filter: string): number | string {
  if (numeric) {
    if (token?.kind !== 'number') throw problem(filter, `${key} must be compared with a number, found ${show(token?.text ?? 'the end')}`)
    return Number(token.text)
  }
  if (token?.kind === 'string' || token?.kind === 'quoted') return token.text
  throw problem(filter, `${key} must be compared with a quoted string, found ${show(token?.text ?? 'the end')}`)
}

function parseList(tokens: readonly Token[], start: number, filter: string): readonly [readonly string[], number] {
  const values: string[] = []
  let at = start
  if (tokens[at]?.text === '(' && tokens[at]?.kind === 'punctuation') {
    for (at++; tokens[at]?.kind === 'string' || tokens[at]?.kind === 'quoted'; at++) {
      values.push((tokens[at] as Token).text)
      if (tokens[at + 1]?.text !== ',') {
        at++
        break
      }
      at++
    }
    if (values.length > 0 && tokens[at]?.kind === 'punctuation' && tokens[at]?.text === ')') return [values, at + 1]
  }
  throw problem(filter, "IN takes a list of quoted strings such as ('a', 'b')")
}

function isNumeric(field: RunField, key: string): boolean {
  return field === 'metric' || (field === 'attribute' && numericAttributes.includes(key))
}

function isWord(token: Token | undefined, word: string): boolean {
  return token?.kind === 'name' && token.text.toUpperCase() === word
}

/** The error for a filter or sort key that does not fit the grammar. */
export function problem(text: string, what: string, hint?: string): MillwrightError {
  return invalidArgument(`the run search ${show(text)} cannot be read: ${what}`, { hint, details: { search: text.slice(0, 1000) } })
}
