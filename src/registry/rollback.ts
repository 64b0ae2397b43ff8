/** The versions that an alias pointed to before, from the history. */
import type { RegistryEvent } from '../ports/registry-backend'

/**
 * The versions that an alias can go back to, the most recent first. A rollback undoes the move before it, so that a second rollback goes further
 * back. A move without an event (made by another tool, or followed by a crash) counts as a move too.
 *
 * @param current the version that the alias points to now
 */
export function earlierVersions(events: readonly RegistryEvent[], alias: string, current: string): readonly string[] {
  const trail: string[] = []
  for (const event of inOrderOfMoves(events.filter((event) => event.alias === alias && event.kind !== 'promotion-rejected'))) {
    if (event.kind === 'alias-deleted' || event.version === undefined) continue
    const back = event.how === 'rollback' ? trail.lastIndexOf(event.version) : -1
    if (back >= 0) trail.length = back + 1
    else if (trail.at(-1) !== event.version) trail.push(event.version)
  }
  if (trail.at(-1) === current) trail.pop()
  return trail.reverse()
}

/** The events in the order of the moves. Two processes may write events in another order than they moved; `from` shows the order. Looks four events ahead. */
function inOrderOfMoves(events: readonly RegistryEvent[]): RegistryEvent[] {
  const waiting = [...events]
  const ordered: RegistryEvent[] = []
  let at: string | undefined
  while (waiting.length > 0) {
    const next = waiting.slice(0, 4).findIndex((event) => event.from === at)
    const [event] = waiting.splice(Math.max(0, next), 1) as [RegistryEvent]
    at = event.kind === 'alias-deleted' ? undefined : event.version
    ordered.push(event)
  }
  return ordered
}
