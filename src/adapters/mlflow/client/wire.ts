/** Small steps from MLflow's JSON to records and back. Absent repeated fields mean empty. */
import { isMillwrightError } from '../../../core/errors'

/** A JSON object from or for the server. */
export type Wire = Record<string, unknown>

/** A wire object's member as an object; `{}` where there is none. */
export function part(value: unknown, key: string): Wire {
  const member = (value as Wire | undefined)?.[key]
  return typeof member === 'object' && member !== null ? (member as Wire) : {}
}

/** A wire object's member as a list; empty where there is none. */
export function list(value: unknown, key: string): Wire[] {
  const member = (value as Wire | undefined)?.[key]
  return Array.isArray(member) ? (member as Wire[]) : []
}

/** A wire value as text; nothing is the empty text. */
export function text(value: unknown): string {
  return value === undefined || value === null ? '' : String(value)
}

/** `[{ key: 'a', value: '1' }]` → `{ a: '1' }`. */
export function fromPairs(items: readonly Wire[]): Record<string, string> {
  return Object.fromEntries(items.map(({ key, value }) => [text(key), text(value)]))
}

/** `{ a: '1' }` → `[{ key: 'a', value: '1' }]`. */
export function toPairs(record: Readonly<Record<string, string>> | undefined): { key: string; value: string }[] {
  return Object.entries(record ?? {}).map(([key, value]) => ({ key, value }))
}

/** `undefined` where the server says that there is no such thing. */
export async function orUndefined<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work
  } catch (error) {
    if (isMillwrightError(error, 'NotFound')) return undefined
    throw error
  }
}
