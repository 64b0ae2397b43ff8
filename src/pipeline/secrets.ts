/** Secrets of a run: resolved once, and kept out of messages and stored outputs. */
import type { Awaitable } from '../core/awaitable'
import { concatBytes, toBase64, utf8 } from '../core/bytes'
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
      if (hidden.length === 0 || !holdsSecret(textOf(error))) return error
      if (isMillwrightError(error)) {
        return new MillwrightError(error.code, redact(error.message), {
          retryable: error.retryable,
          hint: error.hint && redact(error.hint),
        })
      }
      const clean = new Error(redact(error instanceof Error ? error.message : typeof error === 'object' ? show(error) : String(error)))
      if (error instanceof Error) clean.name = error.name
      return clean
    },
    foundIn: (bytes) => hidden.find(([, value]) => includes(bytes, value))?.[0],
  }
}

/** Every text in an error: its message and stack, its causes, the errors of an `AggregateError`, what a client library hung on it. */
function textOf(error: unknown): string {
  const seen = new Set<unknown>()
  const texts: string[] = []
  const waiting: unknown[] = [error]
  for (let value = waiting.pop(); value !== undefined || waiting.length > 0; value = waiting.pop()) {
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null) texts.push(String(value))
    else if (seen.size < 10_000 && !seen.has(value)) {
      seen.add(value)
      if (ArrayBuffer.isView(value)) continue
      if (value instanceof Map) waiting.push(...value.keys(), ...value.values())
      if (value instanceof Set) waiting.push(...value)
      if (value instanceof URL || value instanceof URLSearchParams) texts.push(String(value))
      if (typeof Headers !== 'undefined' && value instanceof Headers) waiting.push(...[...value].flat())
      for (const [name, { value: member }] of Object.entries(Object.getOwnPropertyDescriptors(value))) waiting.push(name, member)
    }
  }
  return texts.join('\n')
}

/** Whether the bytes hold the text: as it is, as JSON spells it, or within base64, which is how bytes are stored. */
function includes(bytes: Uint8Array, text: string): boolean {
  return [text, JSON.stringify(text).slice(1, -1), ...base64Forms(text)].some((form) => indexOf(bytes, utf8(form)) >= 0)
}

/** How base64 spells a text that begins at a multiple of three bytes, one later, or two later: the digits that no neighbour has a part in. */
function base64Forms(text: string): string[] {
  const bytes = utf8(text)
  return [0, 1, 2].map((before) => {
    const digits = toBase64(concatBytes([new Uint8Array(before), bytes]))
    return digits.slice(before === 0 ? 0 : before + 1, Math.floor(((before + bytes.length) * 8) / 6))
  })
}

function indexOf(bytes: Uint8Array, part: Uint8Array): number {
  const first = part[0] as number
  for (let at = bytes.indexOf(first); at >= 0 && at + part.length <= bytes.length; at = bytes.indexOf(first, at + 1)) {
    if (part.every((byte, offset) => bytes[at + offset] === byte)) return at
  }
  return -1
}
