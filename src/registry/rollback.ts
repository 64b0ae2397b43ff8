/** What an alias pointed to before, read from the history. */
import type { RegistryEvent } from '../ports/registry-backend'

/**
 * The versions an alias can go back to, nearest first. A rollback undoes the move before it, so that rolling back again goes further
 * back; a move that the history does not know (another tool's, or one whose event a crash swallowed) counts as one more.
 *
 * @param current where the alias points now
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

/** Two processes may note their moves in another order than they made them; `from` tells the real one. Only near neighbours are swapped. */
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
