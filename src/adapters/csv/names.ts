/** Column names that are never empty and never repeat. */

/**
 * Names made distinct: an empty one becomes `column_<position>`, a repeated one gets `_2`, `_3`, … in order; a name that
 * occurs unchanged in the header keeps it.
 */
export function dedupeNames(names: readonly string[]): string[] {
  const given = new Set(names)
  const used = new Set<string>()
  const next = new Map<string, number>()
  return names.map((raw, i) => {
    const name = raw === '' ? `column_${i + 1}` : raw
    let unique = name
    let n = next.get(name) ?? 2
    while (used.has(unique) || (unique !== raw && given.has(unique))) unique = `${name}_${n++}`
    next.set(name, n)
    used.add(unique)
    return unique
  })
}
