/** Deep equality of plain data, and values as text, for the check suites. */

/** The first difference of two values. */
export interface Difference {
  /** The path of the difference in JavaScript notation: `.runs[3].metrics`; empty for the values themselves. */
  readonly path: string
  readonly actual: unknown
  readonly expected: unknown
}

/**
 * The first difference of two values, or `undefined` where they are equal.
 *
 * Numbers are equal as by `Object.is`: `NaN` equals `NaN`, and −0 is not 0. Arrays, maps, sets and typed arrays are equal when their
 * elements are; two typed arrays must also be of one kind, while a typed array equals an array of the same numbers. Sets and maps are
 * compared without their order. A member that is `undefined` is the same as one that is absent. Prototypes and symbols are ignored.
 */
export function firstDifference(actual: unknown, expected: unknown): Difference | undefined {
  return compare(actual, expected, '', new Map())
}

/** The pairs that are being compared, so that the comparison of cyclic values ends. */
type Open = Map<object, Set<object>>

function compare(actual: unknown, expected: unknown, path: string, open: Open): Difference | undefined {
  if (Object.is(actual, expected)) return undefined
  const different = { path, actual, expected }
  if (!isObject(actual) || !isObject(expected) || kindOf(actual) !== kindOf(expected)) return different
  const partners = open.get(actual) ?? new Set()
  if (partners.has(expected)) return undefined
  open.set(actual, partners.add(expected))
  const found = compareObjects(actual, expected, path, open)
  partners.delete(expected)
  return found === 'here' ? different : found
}

function compareObjects(actual: object, expected: object, path: string, open: Open): Difference | 'here' | undefined {
  const kind = kindOf(actual)
  if (kind === 'Date') return Object.is((actual as Date).getTime(), (expected as Date).getTime()) ? undefined : 'here'
  if (kind === 'Array') return compareLists(actual as ArrayLike<unknown>, expected as ArrayLike<unknown>, path, open)
  if (kind === 'Map') return compareMaps(actual as Map<unknown, unknown>, expected as Map<unknown, unknown>, path, open)
  if (kind === 'Set') return compareSets(actual as Set<unknown>, expected as Set<unknown>, open)
  if (kind === 'Error') return (actual as Error).message === (expected as Error).message ? undefined : 'here'
  return compareMembers(actual as Members, expected as Members, path, open)
}

type Members = Readonly<Record<string, unknown>>

function compareLists(a: ArrayLike<unknown>, b: ArrayLike<unknown>, path: string, open: Open): Difference | 'here' | undefined {
  if (ArrayBuffer.isView(a) && ArrayBuffer.isView(b) && tagOf(a) !== tagOf(b)) return 'here'
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const found = compare(a[i], b[i], `${path}[${i}]`, open)
    if (found !== undefined) return found
  }
  return a.length === b.length ? undefined : { path: `${path}.length`, actual: a.length, expected: b.length }
}

function compareMaps(
  a: ReadonlyMap<unknown, unknown>,
  b: ReadonlyMap<unknown, unknown>,
  path: string,
  open: Open,
): Difference | 'here' | undefined {
  if (a.size !== b.size) return { path: `${path}.size`, actual: a.size, expected: b.size }
  for (const [key, value] of b) {
    if (!a.has(key)) return { path: `${path}.get(${textOf(key)})`, actual: undefined, expected: value }
    const found = compare(a.get(key), value, `${path}.get(${textOf(key)})`, open)
    if (found !== undefined) return found
  }
  return undefined
}

function compareSets(a: ReadonlySet<unknown>, b: ReadonlySet<unknown>, open: Open): 'here' | undefined {
  if (a.size !== b.size) return 'here'
  const rest = [...a].filter((value) => !b.has(value))
  for (const value of b) {
    if (a.has(value)) continue
    const at = rest.findIndex((other) => compare(other, value, '', open) === undefined)
    if (at < 0) return 'here'
    rest.splice(at, 1)
  }
  return undefined
}

function compareMembers(a: Members, b: Members, path: string, open: Open): Difference | undefined {
  for (const key of new Set([...Object.keys(b), ...Object.keys(a)])) {
    const found = compare(own(a, key), own(b, key), `${path}${memberText(key)}`, open)
    if (found !== undefined) return found
  }
  return undefined
}

function own(members: Members, key: string): unknown {
  return Object.hasOwn(members, key) ? members[key] : undefined
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

/** `Array` for typed arrays too. */
function kindOf(value: object): string {
  if (ArrayBuffer.isView(value) && 'length' in value) return 'Array'
  const tag = tagOf(value)
  return ['Array', 'Date', 'Map', 'Set', 'Error'].includes(tag) ? tag : 'Object'
}

function tagOf(value: object): string {
  return Object.prototype.toString.call(value).slice(8, -1)
}

function memberText(key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`
}

/** A value as text for a message, of about 200 characters at most: JSON, extended by `NaN`, −0, `undefined`, maps and sets. */
export function textOf(value: unknown): string {
  const text = write(value, 0)
  return text.length > 200 ? `${text.slice(0, 199)}…` : text
}

function write(value: unknown, depth: number): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 200 ? value.slice(0, 200) : value)
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'function') return 'a function'
  if (Object.is(value, -0)) return '-0'
  if (!isObject(value)) return String(value)
  const kind = kindOf(value)
  if (kind === 'Date' || kind === 'Error') return String(value)
  if (depth > 6) return '…'
  // A message shows the first of many elements only.
  const list = (values: Iterable<unknown>): string => Array.from(firstOf(values), (item) => write(item, depth + 1)).join(',')
  if (kind === 'Array') return `${ArrayBuffer.isView(value) ? tagOf(value) : ''}[${list(value as Iterable<unknown>)}]`
  if (kind === 'Set') return `Set{${list(value as Set<unknown>)}}`
  if (kind === 'Map') return `Map{${list(value as Map<unknown, unknown>)}}`
  const members = Object.entries(value).filter(([, member]) => member !== undefined)
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${write(member, depth + 1)}`).join(',')}}`
}

function* firstOf(values: Iterable<unknown>): Generator<unknown> {
  let left = 100
  for (const value of values) {
    if (left-- === 0) return
    yield value
  }
}
