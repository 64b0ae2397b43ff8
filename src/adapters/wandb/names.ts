/** Converts W&B's keys to keys that are valid here. */
import { isMillwrightError } from '../../core/errors'
import { assertRunKey, type RunKeyKind, type RunKeyRule, runLimits } from '../../ports/run-keys'

/**
 * Distinct names for `keys`: characters that are not allowed become `_`, and a key that is also a folder (`loss` beside `loss/train`) becomes
 * `<key>/value`.
 */
export function freeNames(keys: Iterable<string>, kind: RunKeyKind, rule: RunKeyRule = 'files'): Map<string, string> {
  const names = new Map<string, string>()
  const taken = new Set<string>()
  for (const key of keys) {
    const wanted = allowed(key, kind, rule)
    let name = wanted
    for (let n = 2; taken.has(name.toLowerCase()) && name !== key; n++) name = `${wanted.slice(0, runLimits.key - 8)}_${n}`
    taken.add(name.toLowerCase())
    names.set(key, name)
  }
  const folders = new Set([...names.values()].flatMap((name) => [...name.matchAll(/\//g)].map(({ index }) => name.slice(0, index))))
  for (const [key, name] of names) {
    if (!folders.has(name)) continue
    let moved = `${name}/value`
    while (taken.has(moved.toLowerCase())) moved += '_'
    taken.add(moved.toLowerCase())
    names.set(key, moved)
  }
  return names
}

function allowed(key: string, kind: RunKeyKind, rule: RunKeyRule): string {
  const plain = key
    .toWellFormed()
    .replace(/[^\p{L}\p{N}_.\-/ ]/gu, '_')
    .slice(0, runLimits.key)
    .toWellFormed()
  for (const name of [key, plain, segmentwise(plain), plain.replace(/[^A-Za-z0-9_]/g, '_')]) {
    try {
      assertRunKey(name, kind, rule)
      return name
    } catch (error) {
      if (!isMillwrightError(error, 'InvalidArgument')) throw error
    }
  }
  return 'unnamed'
}

/** Makes each part of a path a valid file name. */
function segmentwise(key: string): string {
  return key
    .split('/')
    .map((segment) => segment.replace(/[. ]+$/, (end) => '_'.repeat(end.length)) || '_')
    .join('/')
    .slice(0, runLimits.key)
}
