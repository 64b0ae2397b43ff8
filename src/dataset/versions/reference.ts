/** Names of datasets and tags, and references such as `flights@3`. */
import { invalidArgument, show } from '../../core/errors'
import { assertSafeSegment } from '../../core/ids'

/** A parsed reference; at most one of `tag` and `version`, neither for the latest version. */
export interface DatasetReference {
  readonly name: string
  readonly tag?: string | undefined
  readonly version?: number | undefined
}

/**
 * Parses `name@3`, `name@tag`, `name@latest` or `name` (the latest version).
 *
 * @throws InvalidArgument for anything else
 */
export function parseDatasetReference(reference: unknown, operation: string): DatasetReference {
  if (typeof reference !== 'string' || reference === '') {
    throw invalidArgument(`${operation} takes a reference such as 'name@3', 'name@tag' or 'name', got ${show(reference)}`)
  }
  const at = reference.lastIndexOf('@')
  const name = at < 0 ? reference : reference.slice(0, at)
  assertDatasetName(name)
  const target = reference.slice(at + 1)
  if (at < 0 || target.toLowerCase() === 'latest') return { name }
  if (!/^\d+$/.test(target)) return { name, tag: assertDatasetTag(target) }
  const version = Number(target)
  if (version < 1 || version > 99_999_999) throw invalidArgument(`a version is a whole number from 1 to 99999999, got ${show(target)}`)
  return { name, version }
}

/** Checks the name of a dataset: a safe file name without `@`. @throws InvalidArgument */
export function assertDatasetName(name: unknown): asserts name is string {
  assertSafeSegment(name as string, 'the name of a dataset')
  if ((name as string).includes('@')) throw invalidArgument(`the name of a dataset must not hold @, got ${show(name)}`)
}

/** Checks a tag: letters, digits, `.`, `_` and `-`, at most 128; not `latest` and not a number. @throws InvalidArgument */
export function assertDatasetTag(tag: unknown): string {
  if (typeof tag !== 'string' || !/^[\p{L}\p{N}._-]{1,128}$/u.test(tag)) {
    throw invalidArgument(`a tag must be 1 to 128 letters, digits, ., _ or -, got ${show(tag)}`)
  }
  if (/^(latest|v?\d+)$/i.test(tag)) throw invalidArgument(`the tag ${show(tag)} is reserved: it reads like a version`)
  assertSafeSegment(tag, 'a tag')
  return tag
}
