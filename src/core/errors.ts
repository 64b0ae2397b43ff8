/**
 * The one error family of the library: a closed set of codes, a message that names the operation and
 * the values, and a JSON form that survives workers and HTTP.
 */

/** Every code an error of this library can carry. The set is closed. */
export const errorCodes = [
  'InvalidArgument',
  'SchemaMismatch',
  'NotFitted',
  'NotFound',
  'AlreadyExists',
  'Conflict',
  'InvalidState',
  'Unsupported',
  'MissingDependency',
  'PermissionDenied',
  'RateLimited',
  'Unavailable',
  'Corrupt',
  'Internal',
] as const

/** One of {@link errorCodes}. */
export type ErrorCode = (typeof errorCodes)[number]

/** What an error may carry beside its message. */
export interface MillwrightErrorOptions {
  /** Whether doing the same again later may succeed. @default true for `RateLimited` and `Unavailable` */
  readonly retryable?: boolean | undefined
  /** Plain JSON facts about the failure; never secrets, never whole rows. */
  readonly details?: Readonly<Record<string, unknown>> | undefined
  /** One sentence on how to get out of it. */
  readonly hint?: string | undefined
  /** The foreign error this one translates. */
  readonly cause?: unknown
}

/** The plain JSON form of an error, as {@link MillwrightError.toJSON} writes it. */
export interface ErrorJson {
  readonly name: 'MillwrightError'
  readonly code: ErrorCode
  readonly message: string
  readonly retryable: boolean
  readonly details: Readonly<Record<string, unknown>>
  readonly hint?: string
}

/**
 * An error of this library.
 *
 * Recognise one with {@link isMillwrightError}, which works across module copies and realms, not with `instanceof`.
 */
export class MillwrightError extends Error {
  readonly code: ErrorCode
  readonly retryable: boolean
  readonly details: Readonly<Record<string, unknown>>
  readonly hint?: string

  constructor(code: ErrorCode, message: string, options: MillwrightErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'MillwrightError'
    this.code = code
    this.retryable = options.retryable ?? (code === 'RateLimited' || code === 'Unavailable')
    this.details = options.details ?? {}
    if (options.hint !== undefined) this.hint = options.hint
    // Here rather than as a member: a class with a computed symbol key stays in every bundle.
    Object.defineProperty(this, Symbol.for('nodejs.util.inspect.custom'), { value: inspectError, enumerable: false, configurable: true })
  }

  toJSON(): ErrorJson {
    const { code, message, retryable, details, hint } = this
    return { name: 'MillwrightError', code, message, retryable, details, ...(hint === undefined ? {} : { hint }) }
  }
}

/** Most characters of the details that a console shows. */
const MAX_DETAILS = 200

/** For consoles: code and message, the hint, short details, where it was thrown, and the cause. */
function inspectError(
  this: MillwrightError,
  _depth: number,
  options: object,
  inspect?: (value: unknown, options: object) => string,
): string {
  const stack = this.stack ?? ''
  const at = stack.indexOf('\n    at ')
  const details = Object.keys(this.details).length === 0 ? '' : jsonText(this.details)
  const lines = [`MillwrightError [${this.code}]: ${this.message}`]
  if (this.hint !== undefined) lines.push(`  hint: ${this.hint}`)
  if (details !== '') lines.push(`  details: ${details.length > MAX_DETAILS ? `${details.slice(0, MAX_DETAILS)}…` : details}`)
  if (at >= 0) lines.push(stack.slice(at + 1))
  if (this.cause !== undefined) lines.push(`  cause: ${inspect === undefined ? String(this.cause) : inspect(this.cause, options)}`)
  return lines.join('\n')
}

function jsonText(value: unknown): string {
  try {
    return JSON.stringify(value) ?? ''
  } catch {
    // Details should be plain JSON; an error must be shown even where they are not.
    return '(not plain JSON)'
  }
}

/** One thing that is wrong with a row, a table or an option object. */
export interface Issue {
  /** Where: column names, row indices, option keys. */
  readonly path: readonly (string | number)[]
  /** A stable machine word, for example `missing` or `wrong-type`. */
  readonly code: string
  /** A sentence: what was allowed, what arrived. */
  readonly message: string
}

/** `SchemaMismatch` with the list of everything that was wrong. */
export class SchemaMismatchError extends MillwrightError {
  readonly issues: readonly Issue[]

  constructor(message: string, issues: readonly Issue[], options: MillwrightErrorOptions = {}) {
    super('SchemaMismatch', message, { ...options, details: { ...options.details, issues } })
    this.issues = issues
  }
}

/**
 * Whether `error` is an error of this library, optionally of one code.
 *
 * @example
 * try { await store.put('a', bytes, { ifAbsent: true }) }
 * catch (error) { if (!isMillwrightError(error, 'Conflict')) throw error }
 */
export function isMillwrightError(error: unknown, code?: ErrorCode): error is MillwrightError {
  if (typeof error !== 'object' || error === null) return false
  const candidate = error as { name?: unknown; code?: unknown }
  return candidate.name === 'MillwrightError' && typeof candidate.code === 'string' && (code === undefined || candidate.code === code)
}

/** Rebuilds an error from {@link MillwrightError.toJSON}; anything else becomes `Internal`. */
export function errorFromJson(json: unknown): MillwrightError {
  const value = (typeof json === 'object' && json !== null ? json : {}) as Partial<ErrorJson>
  if (value.name !== 'MillwrightError' || typeof value.code !== 'string') {
    return new MillwrightError('Internal', typeof value.message === 'string' ? value.message : 'unknown error')
  }
  const options = { retryable: value.retryable, details: value.details, hint: value.hint }
  const issues = value.details?.issues
  if (value.code === 'SchemaMismatch' && Array.isArray(issues)) {
    return new SchemaMismatchError(value.message ?? '', issues as Issue[], options)
  }
  return new MillwrightError(value.code, value.message ?? '', options)
}

/** Shorthand for the most common error: a bad argument. */
export function invalidArgument(message: string, options?: MillwrightErrorOptions): MillwrightError {
  return new MillwrightError('InvalidArgument', message, options)
}

/** The error for an optional package that is not installed. */
export function missingDependency(packageName: string, needed: string, cause?: unknown, hint?: string): MillwrightError {
  return new MillwrightError('MissingDependency', `${needed} needs the package '${packageName}', which is not installed`, {
    hint: hint ?? `npm install ${packageName}`,
    details: { packageName },
    cause,
  })
}

/**
 * Says in a few words what `value` is, for "got …" in an error message: at most 60 characters, strings quoted.
 * A Promise is told as a forgotten `await`, an array by its length, an object by its type or its first keys.
 *
 * @example
 * show('x') // "x"
 * show([1, 2]) // an array of 2
 * show(tracker.startRun()) // a Promise (did you forget `await`?)
 */
export function show(value: unknown): string {
  const text = describe(value)
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}

/**
 * Says what kind of value `value` is, for "got …" where the value itself must not be told, as with cells of rows: `a string`, `an array`, `nothing` for
 * `undefined`. See {@link show}.
 */
export function showKind(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (value === null || isPromise(value)) return describe(value)
  if (typeof value !== 'object') return `a ${typeof value}`
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'an invalid Date' : 'a Date'
  const [name] = classOf(value)
  return name === 'Array' || name === 'Object' ? `an ${name.toLowerCase()}` : withArticle(name)
}

function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? value.slice(0, 60) : value)
  if (typeof value === 'function') return 'a function'
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value !== 'object' || value === null) return String(value)
  if (isPromise(value)) return 'a Promise (did you forget `await`?)'
  if (Array.isArray(value)) return `an array of ${value.length}`
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'an invalid Date' : `a Date (${value.toISOString()})`
  if (value instanceof Error) return `an error (${value.message})`
  const [name, shape] = classOf(value)
  if (name === 'Object')
    return Object.keys(value).length === 0 ? 'an empty object' : `an object (${Object.keys(value).slice(0, 5).join(', ')})`
  const size = shape ? ` (${shape})` : ArrayBuffer.isView(value) && 'length' in value ? ` of ${value.length}` : ''
  return `${withArticle(name)}${size}`
}

/** The name of an object's class and, of our own classes, its shape. `Object.prototype.toString` tells boxed values apart, too: `[object Number]`. */
function classOf(value: object): readonly [name: string, shape: string | undefined] {
  const [name, shape] = Object.prototype.toString.call(value).slice(8, -1).split(': ')
  return [name || 'Object', shape]
}

function withArticle(name: string): string {
  return `${/^[aeio]/i.test(name) ? 'an' : 'a'} ${name}`
}

/** Whether `value` is a Promise or anything else with a `then` method: most often a forgotten `await`. */
export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
}
