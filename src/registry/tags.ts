/** Rules for tags and descriptions: keys become file names, values stay within MLflow's limits. */
import { invalidArgument, show } from '../core/errors'
import { assertRunKey } from '../ports/run-keys'
import { fileAndFolder } from './file-names'
import { OWN_TAG_PREFIX } from './model-version'

/** Checks tags from outside. @throws InvalidArgument naming the first tag that breaks a rule */
export function checkTags(tags: unknown): void {
  if (typeof tags !== 'object' || tags === null || Array.isArray(tags)) throw invalidArgument(`tags must be an object, got ${show(tags)}`)
  for (const [key, value] of Object.entries(tags)) {
    // By MLflow's alphabet: one key outside of it, and MLflow's file store could not read the version that has it.
    assertRunKey(key, 'tag')
    if (key.startsWith(OWN_TAG_PREFIX))
      throw invalidArgument(`tags that begin with ${OWN_TAG_PREFIX} are the registry's own, got ${show(key)}`)
    // Whoever reads JSON safely drops it, and it would be lost on the way to another registry.
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
 * Checks that the keys of tags can be files beside those of the tags that are there: of `a` and `a/b` one would be a file and a folder.
 *
 * @throws InvalidArgument
 */
export function checkKeysBeside(tags: TagChange, held: Readonly<Record<string, string>>): void {
  const stay = Object.keys(held).filter((key) => !Object.hasOwn(tags, key))
  const clash = fileAndFolder([...stay, ...Object.keys(tags).filter((key) => tags[key] !== null)])
  if (clash !== undefined)
    throw invalidArgument(`the tag ${show(clash)} cannot stand beside one whose key begins with ${show(`${clash}/`)}`)
}

/** Checks a description from outside. @throws InvalidArgument */
export function checkDescription(description: unknown): void {
  if (typeof description !== 'string' || description.length > 100_000 || !description.isWellFormed()) {
    throw invalidArgument(`a description must be well-formed text of at most 100,000 characters, got ${show(description)}`)
  }
}
