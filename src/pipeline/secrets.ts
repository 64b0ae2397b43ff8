/** Secrets of a run: resolved once, and kept out of messages and stored outputs. */
import type { Awaitable } from '../core/awaitable'
import { utf8 } from '../core/bytes'
import { invalidArgument, isMillwrightError, MillwrightError, show } from '../core/errors'
import type { StepSpec } from './step'

/** Where the values of secrets come from: an object, or a function of the name. */
export type SecretSource = Readonly<Record<string, string | undefined>> | ((name: string) => Awaitable<string | undefined>)

/** The secrets of a run. */
export interface Secrets {
  /** The secrets of one step. */
  of(spec: StepSpec): Readonly<Record<string, string>>
  /** The text with the values of all secrets replaced by `***`. */
  redact(text: string): string
  /** The error itself, or one with a redacted message where its text holds a secret. */
  redactError(error: unknown): unknown
  /** The name of the first secret whose value is in the bytes. */
  foundIn(bytes: Uint8Array): string | undefined
}

/** Shorter values are not looked for: they would be found by chance. */
const MIN_LENGTH = 6

/** Resolves the secrets that the steps read. @throws InvalidArgument naming the secret that has no value */
export async function resolveSecrets(pipeline: string, specs: Iterable<StepSpec>, source: SecretSource | undefined): Promise<Secrets> {
  const values = new Map<string, string>()
  for (const spec of specs) {
    for (const name of spec.secrets) {
      if (values.has(name)) continue
      const value =
        typeof source === 'function' ? await source(name) : source !== undefined && Object.hasOwn(source, name) ? source[name] : undefined
      if (typeof value !== 'string' || value === '') {
        throw invalidArgument(`step ${show(spec.name)} of pipeline ${show(pipeline)} needs the secret ${show(name)}, which has no value`, {
          hint: 'Pass `secrets` to run(): an object, or a function such as (name) => process.env[name].',
        })
      }
      values.set(name, value)
    }
  }
  return secretsOf(values)
}

function secretsOf(values: ReadonlyMap<string, string>): Secrets {
  // Longest first, so that a secret that contains another one is replaced as a whole.
  const hidden = [...values].filter(([, value]) => value.length >= MIN_LENGTH).sort((a, b) => b[1].length - a[1].length)
  const redact = (text: string): string => hidden.reduce((left, [, value]) => left.split(value).join('***'), text)
  const holdsSecret = (text: string | undefined): boolean => text !== undefined && hidden.some(([, value]) => text.includes(value))
  return {
    of: (spec) => Object.fromEntries(spec.secrets.map((name) => [name, values.get(name) as string])),
    redact,
    redactError(error) {
      if (hidden.length === 0 || !holdsSecret(textOf(error, 0))) return error
      if (isMillwrightError(error)) {
        return new MillwrightError(error.code, redact(error.message), {
          retryable: error.retryable,
          hint: error.hint && redact(error.hint),
        })
      }
      const clean = new Error(redact(error instanceof Error ? error.message : String(error)))
      if (error instanceof Error) clean.name = error.name
      return clean
    },
    foundIn: (bytes) => hidden.find(([, value]) => includes(bytes, value))?.[0],
  }
}

/** Everything of an error that a console would print. */
function textOf(error: unknown, depth: number): string {
  if (!(error instanceof Error) || depth > 4) return String(error)
  const members = Object.entries(error).map(([, member]) => (typeof member === 'string' ? member : jsonOf(member)))
  return [error.message, error.stack ?? '', ...members, error.cause === undefined ? '' : textOf(error.cause, depth + 1)].join('\n')
}

function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value) ?? ''
  } catch {
    return ''
  }
}

/** Whether the bytes hold the text, as it is or as JSON spells it. */
function includes(bytes: Uint8Array, text: string): boolean {
  return [text, JSON.stringify(text).slice(1, -1)].some((form) => indexOf(bytes, utf8(form)) >= 0)
}

function indexOf(bytes: Uint8Array, part: Uint8Array): number {
  const first = part[0] as number
  for (let at = bytes.indexOf(first); at >= 0 && at + part.length <= bytes.length; at = bytes.indexOf(first, at + 1)) {
    if (part.every((byte, offset) => bytes[at + offset] === byte)) return at
  }
  return -1
}
