/** Profiles: named parts of the configuration that replace keys of the rest, such as one for production. */
import { type Issue, show } from '../core/errors'
import { nearest } from '../core/spelling'

/** What the file says without its profiles, with the keys of the chosen one in place. */
export interface WithProfile {
  readonly file: Readonly<Record<string, unknown>>
  readonly issues: readonly Issue[]
}

/**
 * Takes `profiles` out of the file and puts the keys of the chosen one over the rest. Every profile is checked, chosen or not, so that a typo
 * shows before the day it is needed.
 *
 * @param check what is wrong with a partial configuration
 */
export function applyProfile(
  { profiles, ...file }: Readonly<Record<string, unknown>>,
  wanted: string | undefined,
  check: (part: Readonly<Record<string, unknown>>) => readonly Issue[],
): WithProfile {
  if (profiles !== undefined && profiles !== null && !isMapping(profiles)) {
    const message = `profiles must be a mapping of names to sections, got ${show(profiles)}`
    return { file, issues: [{ path: ['profiles'], code: 'bad-value', message }] }
  }
  const named = Object.entries(profiles ?? {})
  const issues = named.flatMap(([name, part]) => problemsOf(name, part, check))
  if (wanted === undefined) return { file, issues }
  const chosen = isMapping(profiles) && Object.hasOwn(profiles, wanted) ? profiles[wanted] : undefined
  if (chosen === undefined) {
    const names = named.map(([name]) => name)
    const meant = nearest(wanted, names)
    const hint = meant === undefined ? `there are ${names.join(', ') || 'none'}` : `did you mean ${meant}?`
    const message = `there is no profile ${show(wanted)}; ${hint}`
    return { file, issues: [...issues, { path: ['profiles', wanted], code: 'unknown-profile', message }] }
  }
  // A profile that is wrong is not applied: its problems are told once.
  return issues.some(({ path }) => path[1] === wanted) ? { file, issues } : { file: overlaid(file, chosen ?? {}), issues }
}

function problemsOf(name: string, part: unknown, check: (part: Readonly<Record<string, unknown>>) => readonly Issue[]): readonly Issue[] {
  const place = `profiles.${name}`
  if (part === null) return []
  if (!isMapping(part)) {
    return [{ path: ['profiles', name], code: 'bad-value', message: `${place} must be a mapping of sections, got ${show(part)}` }]
  }
  return check(part).map(({ path, code, message }) => ({ path: ['profiles', name, ...path], code, message: `${place}.${message}` }))
}

/** Keys of sections replace keys; a mapping within a key is replaced as a whole, as everywhere in the configuration. */
function overlaid(file: Readonly<Record<string, unknown>>, profile: object): Readonly<Record<string, unknown>> {
  const merged: Record<string, unknown> = { ...file }
  for (const [section, keys] of Object.entries(profile)) {
    if (isMapping(keys) && isMapping(merged[section] ?? {})) merged[section] = { ...(merged[section] as object | null), ...keys }
  }
  return merged
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
