/** Names of models and aliases, and references such as `flights@champion`. */
import { invalidArgument, show } from '../core/errors'
import { assertSafeSegment } from '../core/ids'

/** A parsed reference; at most one of `alias` and `version`, neither for the latest version. */
export interface ModelReference {
  readonly name: string
  readonly alias?: string | undefined
  readonly version?: string | undefined
}

/**
 * Parses `name@alias`, `name@3`, `name@latest` or `name` (the latest version).
 *
 * @throws InvalidArgument for anything else
 */
export function parseReference(reference: string): ModelReference {
  if (typeof reference !== 'string' || reference === '') {
    throw invalidArgument(`a model reference must be text such as 'name@alias', 'name@3' or 'name', got ${show(reference)}`)
  }
  const at = reference.lastIndexOf('@')
  const name = at < 0 ? reference : reference.slice(0, at)
  assertModelName(name)
  if (at < 0) return { name }
  const target = reference.slice(at + 1)
  if (target.toLowerCase() === 'latest') return { name }
  if (/^\d+$/.test(target)) return { name, version: assertVersion(target) }
  assertAlias(target)
  return { name, alias: target }
}

/**
 * Checks the name of a registered model: a safe file name without `%`, `@` and the characters that have a meaning in MLflow's model URIs
 * (`/`, `:`). It must not be blank, and not begin with `..`: MLflow could then list no model of the store.
 *
 * @throws InvalidArgument
 */
export function assertModelName(name: string): void {
  assertSafeSegment(name, 'the name of a registered model')
  if (/[%@]/.test(name)) {
    const hint = 'a reference such as name@alias is taken by `resolve`, `openModel` and `readFile`'
    throw invalidArgument(`the name of a registered model must not hold % or @, got ${show(name)}`, name.includes('@') ? { hint } : {})
  }
  if (/^\.\.|^[\s\u0085]*$/.test(name)) {
    throw invalidArgument(`the name of a registered model must not begin with .. and must not be blank, got ${show(name)}`)
  }
}

/**
 * Checks an alias: 1 to 255 letters, digits, `_` and `-`. Not `latest` and not `v` with a number (MLflow's rules), and not a number (our rule).
 *
 * @throws InvalidArgument
 */
export function assertAlias(alias: string): void {
  if (typeof alias !== 'string' || !/^[\p{L}\p{N}_-]{1,255}$/u.test(alias)) {
    throw invalidArgument(`an alias must be 1 to 255 letters, digits, _ or -, got ${show(alias)}`)
  }
  if (/^(latest|v?\d+)$/i.test(alias)) throw invalidArgument(`the alias ${show(alias)} is reserved: it looks like a version`)
  assertSafeSegment(alias, 'an alias')
}

/** The version as text. @throws InvalidArgument unless it is a whole number from 1 */
export function assertVersion(version: string | number): string {
  const text = typeof version === 'number' || typeof version === 'string' ? String(version) : ''
  if (!/^[1-9]\d{0,14}$/.test(text)) {
    const hint = "registry.resolve('name@alias') gives the version that an alias points to"
    const isName = typeof version === 'string' && /^[a-z]/i.test(version)
    throw invalidArgument(`a model version must be a whole number from 1, got ${show(version)}`, isName ? { hint } : {})
  }
  return text
}
