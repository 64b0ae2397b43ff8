/** JSON that is safe to read and stable to write. */
import { MillwrightError } from './errors'

/** A JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined }

/**
 * Canonical JSON text: object keys sorted by code unit, no white space, `undefined` members left out.
 *
 * Numbers that JSON cannot spell become the strings `"NaN"`, `"Infinity"`, `"-Infinity"`; −0 becomes 0.
 */
export function canonicalJson(value: unknown): string {
  if (typeof value === 'number') return Number.isFinite(value) ? JSON.stringify(value === 0 ? 0 : value) : JSON.stringify(String(value))
  if (typeof value === 'bigint') return JSON.stringify(String(value))
  if (ArrayBuffer.isView(value)) return canonicalJson(Array.from(value as unknown as ArrayLike<number>))
  if (Array.isArray(value)) return `[${Array.from(value, (item) => canonicalJson(item === undefined ? null : item)).join(',')}]`
  if (typeof value === 'object' && value !== null) {
    if (value instanceof Date) return JSON.stringify(value)
    const record = value as Record<string, unknown>
    const members = Object.keys(record)
      .filter((key) => record[key] !== undefined && typeof record[key] !== 'function')
      .sort()
      .map((key) => `${JSON.stringify(key)}:${canonicalJson(record[key])}`)
    return `{${members.join(',')}}`
  }
  return JSON.stringify(value) ?? 'null'
}

/**
 * Parses JSON from outside. Members called `__proto__` are dropped.
 *
 * @param subject what is being read, for the message
 * @throws Corrupt when the text is not JSON
 */
export function parseJson(text: string, subject: string): unknown {
  try {
    // A reviver makes parsing several times slower, so it is used only where the name can occur, spelled out or escaped.
    if (!/__proto__|\\u00/.test(text)) return JSON.parse(text)
    return JSON.parse(text, (key, value: unknown) => (key === '__proto__' ? undefined : value))
  } catch (cause) {
    throw new MillwrightError('Corrupt', `${subject} is not valid JSON: ${(cause as Error).message}`, { cause })
  }
}
