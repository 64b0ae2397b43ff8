/** Rewrites run and model ids to the ids that another backend assigned. */

import type { Awaitable } from '../core/awaitable'
import { fromUtf8, utf8 } from '../core/bytes'

/** The tag that holds the id of a nested run's parent. */
export const parentTag = 'mlflow.parentRunId'

/** Copies the tags with the parent's id rewritten. */
export async function rewriteTags<T extends Readonly<Record<string, string>> | undefined>(
  tags: T,
  toOther: (runId: string) => Awaitable<string>,
): Promise<T> {
  const parent = tags?.[parentTag]
  return parent === undefined ? tags : { ...tags, [parentTag]: await toOther(parent) }
}

/** Rewrites the ids in an `MLmodel` file, which holds those of its model and run. Returns the bytes of any other artifact unchanged. */
export async function rewriteArtifact(path: string, bytes: Uint8Array, toOther: (id: string) => Awaitable<string>): Promise<Uint8Array> {
  if (!/(^|\/)MLmodel$/.test(path)) return bytes
  const text = fromUtf8(bytes)
  const others = new Map<string, string>()
  for (const [id] of text.matchAll(/\b(?:m-)?[0-9a-f]{32}\b/g)) others.set(id, await toOther(id))
  return utf8(text.replace(/\b(?:m-)?[0-9a-f]{32}\b/g, (id) => others.get(id) ?? id))
}
