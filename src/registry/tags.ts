/** Rules for tags: keys become file names, values stay within MLflow's limits. */
import { invalidArgument, show } from '../core/errors'
import { assertSafeKey } from '../core/ids'
import { OWN_TAG_PREFIX } from './model-version'

/** Checks tags from outside. @throws InvalidArgument naming the first tag that breaks a rule */
export function checkTags(tags: unknown): void {
  if (typeof tags !== 'object' || tags === null || Array.isArray(tags)) throw invalidArgument(`tags must be an object, got ${show(tags)}`)
  for (const [key, value] of Object.entries(tags)) {
    assertSafeKey(key, 'the key of a tag')
    if (key.length > 250) throw invalidArgument(`the key of a tag must have at most 250 characters, got ${key.length}`)
    if (key.startsWith(OWN_TAG_PREFIX))
      throw invalidArgument(`tags that begin with ${OWN_TAG_PREFIX} are the registry's own, got ${show(key)}`)
    if (value === null) continue
    if (typeof value !== 'string' || value.length > 5000) {
      throw invalidArgument(`the tag ${show(key)} must be text of at most 5,000 characters, got ${show(value)}`)
    }
  }
}
