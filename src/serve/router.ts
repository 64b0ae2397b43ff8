/** Finds the route of a path. */
import type { Protocol, Route } from './exchange'

/** A route, the protocol it belongs to, and the `:name` parts of the path. */
export interface Match {
  readonly route: Route
  readonly protocol: Protocol
  readonly params: Readonly<Record<string, string>>
}

/** Finds routes. */
export interface Router {
  /** The route; else the methods that the path has (empty: no such path). HEAD counts as GET. */
  find(method: string, path: string): Match | { readonly allowed: readonly string[] }
}

interface Pattern {
  readonly segments: readonly string[]
  readonly route: Route
  readonly protocol: Protocol
}

/** A router over all routes; of two that match, one without parameters wins, else the earlier. A slash at the end does not matter. */
export function createRouter(protocols: readonly Protocol[]): Router {
  const plain = new Map<string, Pattern[]>()
  const patterns: Pattern[] = []
  for (const protocol of protocols) {
    for (const route of protocol.routes) {
      const pattern = { segments: route.path.split('/').slice(1), route, protocol }
      if (route.path.includes(':')) patterns.push(pattern)
      else plain.set(route.path, [...(plain.get(route.path) ?? []), pattern])
    }
  }
  return {
    find(method, rawPath) {
      const path = rawPath.length > 1 && rawPath.endsWith('/') ? rawPath.slice(0, -1) : rawPath
      const wanted = method === 'HEAD' ? 'GET' : method
      const candidates = plain.get(path) ?? matching(patterns, path)
      const found = candidates.find(({ route }) => route.method === wanted)
      if (found !== undefined) return { route: found.route, protocol: found.protocol, params: paramsOf(found, path) }
      const allowed = new Set(candidates.flatMap(({ route }) => (route.method === 'GET' ? ['GET', 'HEAD'] : [route.method])))
      return { allowed: [...allowed] }
    },
  }
}

/** The patterns of a path. One with a verb (`:name:predict`) is more exact than one without. */
function matching(patterns: readonly Pattern[], path: string): readonly Pattern[] {
  const parts = path.split('/').slice(1)
  const found = patterns.filter(
    ({ segments }) => segments.length === parts.length && segments.every((segment, i) => fits(segment, parts[i] as string)),
  )
  const verbs = found.filter(({ segments }) => segments.some((segment) => verbOf(segment) !== ''))
  return verbs.length > 0 ? verbs : found
}

function fits(segment: string, part: string): boolean {
  if (!segment.startsWith(':')) return segment === part
  const verb = verbOf(segment)
  return part.length > verb.length && part.endsWith(verb)
}

/** What follows the parameter of a segment: `:predict` of `:name:predict`. */
function verbOf(segment: string): string {
  const at = segment.indexOf(':', 1)
  return segment.startsWith(':') && at > 0 ? segment.slice(at) : ''
}

function paramsOf({ segments, route }: Pattern, path: string): Record<string, string> {
  if (!route.path.includes(':')) return {}
  const parts = path.split('/').slice(1)
  return Object.fromEntries(segments.flatMap((segment, i) => (segment.startsWith(':') ? [paramOf(segment, parts[i] ?? '')] : [])))
}

function paramOf(segment: string, part: string): readonly [string, string] {
  const verb = verbOf(segment)
  return [segment.slice(1, segment.length - verb.length), decode(part.slice(0, part.length - verb.length))]
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
