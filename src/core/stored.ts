/** Reading back what the library stored: every format is a zod schema, checked when a document is read. */
import * as z from 'zod/mini'
import { fromUtf8 } from './bytes'
import { damaged, laterFormat } from './damage'
import { parseJson } from './json'
import { problemOf } from './zod-problem'

/** A stored format: its schema, made when it is first needed, and where its version stands. */
export interface StoredFormat<T> {
  readonly schema: () => z.ZodMiniType<T>
  readonly version?: FormatVersion | undefined
}

/** The member that holds a document's format version, and the one that this release reads. */
export interface FormatVersion {
  readonly field: string
  readonly reads: number
}

/**
 * A stored format. Write it as `/* @__PURE__ *\/ storedFormat(() => …)`, so that bundles without a reader carry no schema.
 *
 * @example
 * const noteFormat = storedFormat(() => z.looseObject({ formatVersion: z.literal(1), text: z.string() }), { field: 'formatVersion', reads: 1 })
 */
export function storedFormat<T>(make: () => z.ZodMiniType<T>, version?: FormatVersion): StoredFormat<T> {
  let made: z.ZodMiniType<T> | undefined
  return {
    version,
    schema: () => {
      made ??= make()
      return made
    },
  }
}

/**
 * Checks a parsed document. Gives the document itself, not a copy: members that the format does not know stay.
 *
 * @param subject the file: its key or name, for messages
 * @throws Corrupt naming the file, the place in it, what was expected and what arrived; Unsupported when a later release wrote it
 */
export function readStored<T>({ schema, version }: StoredFormat<T>, document: unknown, subject: string): T {
  if (version !== undefined) {
    const wrote = valueAt(document, [version.field])
    if (typeof wrote === 'number' && wrote > version.reads) throw laterFormat(subject, wrote, version.reads)
  }
  const result = z.safeParse(schema(), document)
  if (result.success) return document as T
  const { path, expected } = problemOf(result.error.issues)
  throw damaged(subject, path, expected, valueAt(document, path))
}

/** Parses JSON bytes and checks the document. @throws as {@link readStored}; Corrupt for what is not JSON */
export function parseStored<T>(format: StoredFormat<T>, bytes: Uint8Array, subject: string): T {
  return readStored(format, parseJson(fromUtf8(bytes), subject), subject)
}

/** A number as stored JSON holds it: `NaN` and the infinities are text. */
export function storedNumber(): z.ZodMiniType<number | string> {
  return z.union([z.number(), z.enum(['NaN', 'Infinity', '-Infinity'])])
}

/** A SHA-256 digest: 64 lower-case hexadecimal digits. */
export function storedDigest(): z.ZodMiniType<string> {
  return z.string().check(z.regex(/^[0-9a-f]{64}$/))
}

function valueAt(document: unknown, path: readonly PropertyKey[]): unknown {
  let value = document
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined
    value = (value as Record<PropertyKey, unknown>)[part]
  }
  return value
}
