/** Converts params to strings: nested objects become dotted keys. */
import { invalidArgument, isPromise, show } from '../core/errors'
import { canonicalJson } from '../core/json'
import { assertRunKey, assertText, type RunKeyRule, runLimits } from '../ports/run-keys'

/** Deepest nesting of params. */
const MAX_DEPTH = 16

/**
 * The params of `value` as key → text.
 *
 * Objects and maps are flattened (`{ tree: { depth: 3 } }` gives `tree.depth`), arrays and sets of plain values are JSON, arrays that hold
 * objects are flattened by index (`steps.0.name`). `undefined` is left out, functions give their name, dates ISO text; what has no
 * members gives its text (addresses, regular expressions) or `{}`.
 *
 * @param rule which keys are allowed: `keys` of the backend's capabilities
 * @param prefix is put before every key
 * @throws InvalidArgument for keys and values beyond MLflow's limits (long values are not cut), nesting deeper than 16, cycles
 */
export function flattenParams(value: unknown, rule?: RunKeyRule | undefined, prefix = ''): ReadonlyMap<string, string> {
  const params = new Map<string, string>()
  const add = (key: string, item: unknown, depth: number): void => {
    if (depth > MAX_DEPTH) throw invalidArgument(`param ${show(key.slice(0, 60))} must nest at most ${MAX_DEPTH} deep`)
    if (item === undefined) return
    if (isPromise(item)) throw invalidArgument(`the value of param ${show(key)} must be a value, got ${show(item)}`)
    const members = membersOf(item)
    if (members === undefined) {
      assertRunKey(key, 'param', rule)
      const text = paramText(item)
      assertText(text, runLimits.paramValue, `the value of param ${show(key)}`)
      if (params.has(key)) throw invalidArgument(`param ${show(key)} is given twice`)
      params.set(key, text)
      return
    }
    for (const [name, member] of members) add(key === '' ? name : `${key}.${name}`, member, depth + 1)
  }
  if (prefix === '' && membersOf(value) === undefined) {
    if (isPlainObject(value)) return params
    throw invalidArgument(`params must be an object, got ${show(value)}`)
  }
  add(prefix, value, 0)
  return params
}

/** The members of a value that is flattened; `undefined` for a single value. */
function membersOf(value: unknown): readonly (readonly [string, unknown])[] | undefined {
  if (typeof value !== 'object' || value === null || value instanceof Date || ArrayBuffer.isView(value) || value instanceof Set)
    return undefined
  if (Array.isArray(value)) {
    const isFlat = value.every((item) => typeof item !== 'object' || item === null)
    return isFlat ? undefined : value.map((item, index) => [String(index), item] as const)
  }
  const members = value instanceof Map ? [...value].map(([key, item]) => [String(key), item] as const) : Object.entries(value)
  return members.length === 0 ? undefined : members
}

function isPlainObject(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

function paramText(value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value === 'function') return value.name === '' ? 'function' : value.name
  if (value instanceof Date) return Number.isFinite(value.getTime()) ? value.toISOString() : 'NaN'
  if (value instanceof Set) return canonicalJson([...value])
  if (Array.isArray(value) || ArrayBuffer.isView(value)) return canonicalJson(value)
  if (typeof value === 'object' && value !== null) {
    const text = isPlainObject(value) ? '' : String(value)
    return text === '' || text.startsWith('[object ') ? '{}' : text
  }
  return String(value)
}
