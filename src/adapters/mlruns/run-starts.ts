/** The runs of an experiment sorted by start time, newest first. A search for the newest runs reads them in this order. */

import type { Meta } from '../../mlruns/meta'
import { headOf } from '../../mlruns/run-meta'
import { cursorOfRuns } from '../../ports/run-search'
import type { KnownFiles, KnownGroup } from './known-files'

/** The start time of a run when it was last read. */
export interface RunStart {
  readonly runId: string
  /** Epoch milliseconds. */
  readonly startTime: number
}

/** List of run names → its runs, sorted. The list is the same object while no run is added or removed. */
const sorted = /* @__PURE__ */ new WeakMap<readonly string[], readonly RunStart[]>()

/** The runs, sorted by start time descending, then by id. Reads only the runs that were never read. A folder that is no run is left out. */
export async function runStarts(known: KnownFiles, group: KnownGroup, names: readonly string[]): Promise<readonly RunStart[]> {
  const held = sorted.get(names)
  if (held !== undefined) return held
  const startOf = (runId: string): RunStart | undefined => {
    const meta = known.folder(group, runId).entries.get('meta.yaml')?.value as Meta | null | undefined
    return meta === undefined || meta === null ? undefined : headOf(meta, runId)
  }
  const unseen = names.filter((name) => startOf(name) === undefined)
  await known.read(unseen.map((name) => ({ folder: known.folder(group, name), path: 'meta.yaml' })))
  const starts = names.flatMap((name) => {
    const { runId, startTime } = startOf(name) ?? {}
    return runId === undefined || startTime === undefined ? [] : [{ runId, startTime }]
  })
  starts.sort((a, b) => b.startTime - a.startTime || (a.runId < b.runId ? -1 : 1))
  // A folder that is no run may become one, so the list is kept only when all folders are runs.
  if (starts.length === names.length) sorted.set(names, starts)
  return starts
}

/** Forgets the sorted runs, after a start time was found to have changed. */
export function forgetStarts(names: readonly string[]): void {
  sorted.delete(names)
}

/** The position at which a page begins: after the last run of the page before. `undefined` when that run no longer exists. */
export function startOfPage(
  starts: readonly RunStart[],
  cursor: string | undefined,
): { readonly at: number; readonly offset: number } | undefined {
  if (cursor === undefined) return { at: 0, offset: 0 }
  const { offset, runId } = cursorOfRuns(cursor)
  const at = starts.findIndex((start) => start.runId === runId)
  return at < 0 ? undefined : { at: at + 1, offset }
}
