/** What is written to a backend that has ids of its own names other runs and models by those. */

import type { Awaitable } from '../core/awaitable'
import { fromUtf8, utf8 } from '../core/bytes'

/** The tag that names the parent of a nested run. */
export const parentTag = 'mlflow.parentRunId'

/** The tags, with the parent called by its other id. */
export async function tagsElsewhere<T extends Readonly<Record<string, string>> | undefined>(
  tags: T,
  toOther: (runId: string) => Awaitable<string>,
): Promise<T> {
  const parent = tags?.[parentTag]
  return parent === undefined ? tags : { ...tags, [parentTag]: await toOther(parent) }
}

/** An artifact's bytes: an `MLmodel` file names its model and its run. */
export async function artifactElsewhere(path: string, bytes: Uint8Array, toOther: (id: string) => Awaitable<string>): Promise<Uint8Array> {
  if (!/(^|\/)MLmodel$/.test(path)) return bytes
  const text = fromUtf8(bytes)
  const others = new Map<string, string>()
  for (const [id] of text.matchAll(/\b(?:m-)?[0-9a-f]{32}\b/g)) others.set(id, await toOther(id))
  return utf8(text.replace(/\b(?:m-)?[0-9a-f]{32}\b/g, (id) => others.get(id) ?? id))
}
