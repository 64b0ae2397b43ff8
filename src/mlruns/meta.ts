/** The `meta.yaml` files of the tree: all scalars are read as text, and keys are written sorted, as MLflow does. */
import type { Awaitable } from '../core/awaitable'
import { fromUtf8 } from '../core/bytes'
import type { Json } from '../core/json'
import { toYaml } from '../core/yaml-write'

/** The members of a `meta.yaml`: scalars as text, `null` for a member without a value. */
export type Meta = Readonly<Record<string, unknown>>

/**
 * Reads a `meta.yaml`. YAML that is no mapping has no members. Nearly all files only have plain lines `key: value`, which are read without the
 * YAML parser: a search over thousands of runs reads thousands of these files. The parser is loaded for the first file that needs it.
 *
 * @param subject the file, for messages
 * @throws Corrupt for a text that is no YAML
 */
export function parseMeta(bytes: Uint8Array, subject: string): Awaitable<Meta> {
  const text = fromUtf8(bytes)
  return plainMeta(text) ?? parsedMeta(text, subject)
}

async function parsedMeta(text: string, subject: string): Promise<Meta> {
  const { parseYamlStrings } = await import('../core/yaml-read')
  const meta = parseYamlStrings(text, subject)
  return typeof meta === 'object' && meta !== null && !Array.isArray(meta) ? (meta as Meta) : {}
}

/** The members of a file with only plain lines; `undefined` where a line is neither `key: word` nor `key: 'text'`. */
function plainMeta(text: string): Meta | undefined {
  const meta: Record<string, unknown> = {}
  for (const line of text.split('\n')) {
    if (line === '') continue
    const [, key, quoted, plain] = /^(\w+): (?:'((?:[^']|'')*)'|(\[\]|\{\}|[\w/.-][^#\\"]*))$/.exec(line) ?? []
    if (key === undefined || key === '__proto__' || Object.hasOwn(meta, key)) return undefined
    if (plain === undefined) meta[key] = (quoted as string).replaceAll("''", "'")
    else if (plain === '[]') meta[key] = []
    else if (plain === '{}') meta[key] = {}
    else if (/: |:$|^[-?] |^(---|\.\.\.)|\s$/.test(plain)) return undefined
    else meta[key] = /^(null|Null|NULL)$/.test(plain) ? null : plain
  }
  return meta
}

/** A member as text; `undefined` where there is none. */
export function textOf(meta: Meta, field: string): string | undefined {
  const value = Object.hasOwn(meta, field) ? meta[field] : undefined
  return typeof value === 'string' ? value : undefined
}

/** A member as a number; `undefined` where there is none, or where it is not a finite number. */
export function numberOf(meta: Meta, field: string): number | undefined {
  const text = textOf(meta, field)
  const value = text === undefined || text.trim() === '' ? Number.NaN : Number(text)
  return Number.isFinite(value) ? value : undefined
}

/** The text of a `meta.yaml`. */
export function metaYaml(meta: Readonly<Record<string, Json>>): string {
  return toYaml(Object.fromEntries(Object.entries(meta).sort(([a], [b]) => (a < b ? -1 : 1))))
}
