/** Reading back what the library stored: every format is a zod schema, checked when a document is read. */
import * as z from 'zod/mini'
import { fromUtf8 } from './bytes'
import { damaged, laterFormat } from './damage'
import { parseJson } from './json'

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

/** One problem as zod tells it. */
type Issue = z.core.$ZodIssue

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

interface Problem {
  readonly path: readonly PropertyKey[]
  readonly expected: string
}

/** The first problem. Of alternatives the one that fits furthest is told. */
function problemOf(issues: readonly Issue[]): Problem {
  const issue = issues[0] as Issue
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return { path: issue.path, expected: expectedBy(issue) }
  const alternatives = issue.errors.map(problemOf)
  const inside = alternatives.filter(({ path }) => path.length > 0)
  // An alternative of the right kind is the one that was meant.
  const meant = inside.length === 1 ? inside[0] : undefined
  if (meant !== undefined) return { path: [...issue.path, ...meant.path], expected: meant.expected }
  const words = alternatives.filter(({ path }) => path.length === 0).map(({ expected }) => expected)
  return { path: issue.path, expected: [...new Set(words)].join(' or ') || 'of another form' }
}

const kinds: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'an object',
  record: 'an object',
  array: 'an array',
  tuple: 'an array',
  null: 'null',
}

function expectedBy(issue: Issue): string {
  if (issue.code === 'invalid_type') return kinds[issue.expected] ?? issue.expected
  if (issue.code === 'invalid_value') return oneOf(issue.values)
  if (issue.code === 'invalid_union') return oneOf((issue as { options?: readonly unknown[] }).options ?? [])
  if (issue.code === 'too_small') return `${unitOf(issue.origin)} ${issue.inclusive === false ? '>' : '≥'} ${issue.minimum}`
  if (issue.code === 'too_big') return `${unitOf(issue.origin)} ${issue.inclusive === false ? '<' : '≤'} ${issue.maximum}`
  if (issue.code === 'invalid_format') return `text of the form ${issue.pattern ?? issue.format}`
  // Refinements bring their words as their message.
  return issue.message
}

function oneOf(values: readonly unknown[]): string {
  const words = values.map((value) => JSON.stringify(value))
  return words.length === 1 ? (words[0] as string) : `one of ${words.join(', ')}`
}

function unitOf(origin: string): string {
  if (origin === 'string') return 'text with a length'
  return origin === 'array' ? 'an array with a length' : 'a number'
}

function valueAt(document: unknown, path: readonly PropertyKey[]): unknown {
  let value = document
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined
    value = (value as Record<PropertyKey, unknown>)[part]
  }
  return value
}
