/** Checks of tags and descriptions: keys must be possible file names, and values within MLflow's limits. */
import { invalidArgument, show } from '../core/errors'
import { assertRunKey } from '../ports/run-keys'
import { fileAndFolder } from './file-names'
import { OWN_TAG_PREFIX } from './model-version'

/** Checks the tags of a call. @throws InvalidArgument naming the first wrong tag */
export function checkTags(tags: unknown): void {
  if (typeof tags !== 'object' || tags === null || Array.isArray(tags)) throw invalidArgument(`tags must be an object, got ${show(tags)}`)
  for (const [key, value] of Object.entries(tags)) {
    // MLflow's file store cannot read a version with a key that has other characters.
    assertRunKey(key, 'tag')
    if (key.startsWith(OWN_TAG_PREFIX))
      throw invalidArgument(`tags that begin with ${OWN_TAG_PREFIX} are reserved for the registry, got ${show(key)}`)
    // Safe JSON parsers drop this key, so it would be lost in a copy to another registry.
    if (key === '__proto__') throw invalidArgument('the key of a tag must not be __proto__')
    if (value === null) continue
    if (typeof value !== 'string' || value.length > 5000 || !value.isWellFormed()) {
      throw invalidArgument(`the tag ${show(key)} must be well-formed text of at most 5,000 characters, got ${show(value)}`)
    }
  }
  checkKeysBeside(tags as TagChange, {})
}

/** Tags to set; `null` removes. */
type TagChange = Readonly<Record<string, string | null>>

/**
 * Checks that the keys of new tags and of existing tags can all be file names. With `a` and `a/b`, `a` would be a file and a folder.
 *
 * @throws InvalidArgument
 */
export function checkKeysBeside(tags: TagChange, held: Readonly<Record<string, string>>): void {
  const stay = Object.keys(held).filter((key) => !Object.hasOwn(tags, key))
  const clash = fileAndFolder([...stay, ...Object.keys(tags).filter((key) => tags[key] !== null)])
  if (clash !== undefined)
    throw invalidArgument(`the tag ${show(clash)} cannot be stored together with a tag whose key begins with ${show(`${clash}/`)}`)
}

/** Checks the description of a call. @throws InvalidArgument */
export function checkDescription(description: unknown): void {
  if (typeof description !== 'string' || description.length > 100_000 || !description.isWellFormed()) {
    throw invalidArgument(`a description must be well-formed text of at most 100,000 characters, got ${show(description)}`)
  }
}
