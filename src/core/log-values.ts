/** Makes the facts of a log line plain: errors as objects, secrets taken out. */
import { isMillwrightError } from './errors'
import type { LogFields } from './logger'

const secretName = /(pass(word|wd|phrase)|secret|token|authorization|api[-_]?key|access[-_]?key|private[-_]?key|cookie|credentials?)$/i
const mostDeep = 8

/** Which fields are left out of log lines. */
export interface RedactOptions {
  /** Names of fields, at any depth, whose values are replaced by `[redacted]`, beside those that look like secrets (`password`, `apiKey`, …). */
  readonly redact?: readonly string[] | undefined
}

/** `fields` as plain values: errors with name, message, code and stack; secrets as `[redacted]`; depth limited; no cycles. */
export function plainFields(fields: LogFields, { redact = [] }: RedactOptions = {}): Record<string, unknown> {
  const isSecret = (name: string): boolean => secretName.test(name) || redact.includes(name)
  const plain = (value: unknown, depth: number): unknown => {
    if (value instanceof Error) return plainError(value, (cause) => plain(cause, depth + 1), depth)
    if (typeof value === 'bigint' || typeof value === 'symbol') return String(value)
    if (typeof value === 'function') return `function ${value.name}`
    if (typeof value !== 'object' || value === null || value instanceof Date) return value
    if (depth >= mostDeep) return '[too deep]'
    if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`
    if (Array.isArray(value)) return value.map((item) => plain(item, depth + 1))
    const toJson = (value as { toJSON?: unknown }).toJSON
    if (typeof toJson === 'function') return plain(toJson.call(value), depth + 1)
    return record(value, depth)
  }
  const record = (value: object, depth: number): Record<string, unknown> =>
    Object.fromEntries(Object.entries(value).map(([name, member]) => [name, isSecret(name) ? '[redacted]' : plain(member, depth + 1)]))
  return record(fields, 0)
}

function plainError(error: Error, plain: (value: unknown) => unknown, depth: number): Record<string, unknown> {
  return {
    name: error.name,
    message: error.message,
    ...(isMillwrightError(error) ? { code: error.code } : {}),
    stack: error.stack,
    ...(error.cause === undefined || depth >= mostDeep ? {} : { cause: plain(error.cause) }),
  }
}
