/** What zod found wrong, in the words of our messages. Needs zod's types only, so it costs a bundle no more than itself. */
import type { core } from 'zod/mini'

/** One problem as zod tells it. */
type Issue = core.$ZodIssue

/** Where a value does not fit its schema, and what was expected there, as it reads after "must be". */
export interface Problem {
  readonly path: readonly PropertyKey[]
  readonly expected: string
}

/** The first of zod's issues, in our words. Of alternatives the one that fits furthest is told. */
export function problemOf(issues: readonly Issue[]): Problem {
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
  date: 'a date',
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
