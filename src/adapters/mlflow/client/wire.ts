/** How values go over the wire: MLflow's JSON (an absent list means an empty one), and paths in addresses. */
import { invalidArgument, isMillwrightError, show } from '../../../core/errors'
import { assertSafeKey } from '../../../core/ids'

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

/** A wire value as text; an absent one is the empty text. */
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

/** The result of a call, or `undefined` where the server answers that the thing does not exist. */
export async function orUndefined<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work
  } catch (error) {
    if (isMillwrightError(error, 'NotFound')) return undefined
    throw error
  }
}

/** The path of the artifact proxy, below the tracking URI. */
export const proxyRoot = '/api/2.0/mlflow-artifacts'

/** A path with each of its segments percent-encoded. */
export function encodePath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/')
}

/**
 * Checks that a server stores a relative path under exactly this name. It must be a safe key, and: the server decodes names twice, so that it
 * would store `a%2fb` as `a/b`; it reads `#` as the beginning of a fragment; it drops a `;` at the end of a name (seen with MLflow 3.17).
 *
 * @throws InvalidArgument naming `subject`
 */
export function assertServerPath(path: string, subject: string): void {
  assertSafeKey(path, subject)
  if (/%[0-9a-f]{2}|#|;(\/|$)/i.test(path)) {
    throw invalidArgument(
      `${subject} on an MLflow server must not hold %XX, # or a name that ends in ;, which it would change, got ${show(path)}`,
    )
  }
}
