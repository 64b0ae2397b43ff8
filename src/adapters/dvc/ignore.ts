/** The rules of `.dvcignore` files, which are those of `.gitignore`. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadPeer } from '../../core/peer'
import { isInternal } from './paths'
import { nothingIfMissing } from './places'

/** Decides what DVC does not look at. */
export interface DvcIgnore {
  /** Reads the rules of a folder; to be called for a folder before its content is asked about. */
  enter(folder: string): Promise<void>
  /** Whether a path of a folder that was entered is left out; a folder's path ends in `/`. */
  ignores(path: string): boolean
  /** The same for what lies in one folder that was entered, by name: most folders have no rules, which is found out once. */
  within(folder: string): (name: string, isFolder: boolean) => boolean
}

interface Rules {
  test(path: string): { readonly ignored: boolean; readonly unignored: boolean }
}
type Library = (options: { readonly allowRelativePaths: boolean }) => { add(text: string): Rules }

/** The rules below `root`. Paths are relative to it, with `/`. */
export function createIgnore(root: string): DvcIgnore {
  const rules = new Map<string, Rules | undefined>()
  const ignores = (path: string): boolean => {
    const parts = path.split('/')
    if (parts.slice(0, -1).some(isInternal)) return true
    // The deepest rule that says anything holds.
    for (let depth = path.endsWith('/') ? parts.length - 2 : parts.length - 1; depth >= 0; depth--) {
      const answer = rules.get(parts.slice(0, depth).join('/'))?.test(parts.slice(depth).join('/'))
      if (answer?.ignored) return true
      if (answer?.unignored) return false
    }
    return false
  }
  return {
    async enter(folder) {
      const parts = folder === '' ? [] : folder.split('/')
      for (let depth = 0; depth <= parts.length; depth++) {
        const above = parts.slice(0, depth).join('/')
        if (!rules.has(above)) rules.set(above, await rulesOf(join(root, above, '.dvcignore')))
      }
    },
    ignores,
    within(folder) {
      const parts = folder.split('/')
      const hasRules = parts.some((_, depth) => rules.get(parts.slice(0, depth + 1).join('/')) !== undefined) || rules.get('') !== undefined
      if (hasRules || parts.some(isInternal)) return (name, isFolder) => ignores(`${folder}/${name}${isFolder ? '/' : ''}`)
      return (name, isFolder) => isFolder && isInternal(name)
    },
  }
}

async function rulesOf(path: string): Promise<Rules | undefined> {
  let text: string | undefined
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    text = nothingIfMissing(error)
  }
  if (text === undefined || text.split(/\r?\n/).every((line) => /^\s*(#.*)?$/.test(line))) return undefined
  const library = await loadPeer<Library>('ignore', { needed: `dvcRepo in a project with rules in ${path}` })
  return library({ allowRelativePaths: true }).add(text)
}
