/** The runs of an experiment by their starts, newest first: which of them a search for the newest looks at. */

import type { Meta } from '../../mlruns/meta'
import { headOf } from '../../mlruns/run-meta'
import { cursorOfRuns } from '../../ports/run-search'
import type { KnownFiles, KnownGroup } from './known-files'

/** When a run started, as it was last seen. */
export interface Start {
  readonly runId: string
  /** Epoch milliseconds. */
  readonly startTime: number
}

/** By the list of names, which is the same as long as no run comes or goes. */
const sorted = /* @__PURE__ */ new WeakMap<readonly string[], readonly Start[]>()

/** Runs in the order of a search without one. Only those never seen are looked at; a folder that is no run is left out. */
export async function byStart(known: KnownFiles, group: KnownGroup, names: readonly string[]): Promise<readonly Start[]> {
  const held = sorted.get(names)
  if (held !== undefined) return held
  const startOf = (runId: string): Start | undefined => {
    const meta = known.folder(group, runId).entries.get('meta.yaml')?.value as Meta | null | undefined
    return meta === undefined || meta === null ? undefined : headOf(meta, runId)
  }
  const unseen = names.filter((name) => startOf(name) === undefined)
  await known.look(unseen.map((name) => ({ folder: known.folder(group, name), path: 'meta.yaml' })))
  const starts = names.flatMap((name) => {
    const { runId, startTime } = startOf(name) ?? {}
    return runId === undefined || startTime === undefined ? [] : [{ runId, startTime }]
  })
  starts.sort((a, b) => b.startTime - a.startTime || (a.runId < b.runId ? -1 : 1))
  // A folder that is no run may become one.
  if (starts.length === names.length) sorted.set(names, starts)
  return starts
}

/** After a start that was found to be another: the next search looks at all again. */
export function forgetStarts(names: readonly string[]): void {
  sorted.delete(names)
}

/** Where a page begins: behind the last run of the page before. `undefined` when that run is not there any more. */
export function startOfPage(
  starts: readonly Start[],
  cursor: string | undefined,
): { readonly at: number; readonly offset: number } | undefined {
  if (cursor === undefined) return { at: 0, offset: 0 }
  const { offset, runId } = cursorOfRuns(cursor)
  const at = starts.findIndex((start) => start.runId === runId)
  return at < 0 ? undefined : { at: at + 1, offset }
}
