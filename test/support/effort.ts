/**
 * How much the tests do: `npm test` takes a seeded sample of everything heavy, `npm run test:full` (which sets `MILLWRIGHT_FULL=1`) all of it.
 * This is the only place that knows; a heavy test asks here.
 */
import { createRng } from '../../src/core/random'
import { hostileNameGroups, hostileNames } from '../../src/testing/hostile-names'

/** Whether everything heavy is done in full. */
export const isFull: boolean = process.env.MILLWRIGHT_FULL === '1'

/** What property tests draw their cases from: the same each time, unless `MILLWRIGHT_SEED` is another whole number, to look for new ones. */
export const propertySeed: number = Number(process.env.MILLWRIGHT_SEED ?? 20)

/** How often something heavy is done: `quick` times in `npm test`, `full` times in `npm run test:full`. */
export function times(quick: number, full: number): number {
  return isFull ? full : quick
}

/** `count` of the items in their order, the same ones for the same seed; all of them in the full run. */
export function sample<T>(items: readonly T[], count: number, seed: number): readonly T[] {
  return isFull ? items : drawn(items, count, seed)
}

/** Hostile names: one of each group, drawn by `seed`, of which each suite has its own; all of them in the full run. */
export function hostileSample(seed: number): readonly string[] {
  if (isFull) return hostileNames()
  // Names of these groups attack in pairs, which stand beside each other.
  const inPairs = new Set(['case', 'composed'])
  const groups = Object.entries(hostileNameGroups())
  return [
    ...new Set(
      groups.flatMap(([group, names], i) => {
        if (!inPairs.has(group)) return drawn(names, 1, seed + i)
        const at = createRng(seed + i).int(names.length - 2)
        return names.slice(at, at + 3)
      }),
    ),
  ]
}

/** The share of all hostile names that {@link hostileSample} gives: by it, and by chance, fewer are taken than of all. */
export function atLeastOf(names: readonly string[], leastOfAll: number): number {
  return isFull ? leastOfAll : Math.floor((leastOfAll * names.length) / hostileNames().length / 2)
}

function drawn<T>(items: readonly T[], count: number, seed: number): readonly T[] {
  const rng = createRng(seed)
  const places = items.map((_, place) => place)
  for (let i = 0; i < Math.min(count, places.length); i++) {
    const j = i + rng.int(places.length - i)
    ;[places[i], places[j]] = [places[j] as number, places[i] as number]
  }
  return places
    .slice(0, count)
    .sort((a, b) => a - b)
    .map((place) => items[place] as T)
}
