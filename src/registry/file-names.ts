/** Which file names can be in one folder on every system. */
import { show } from '../core/errors'

/**
 * The reason why these relative paths cannot all be files of one folder on every system; `undefined` where they can. Two paths must not differ
 * only by case or by how a letter is composed, and no path may be a folder of another.
 */
export function clashOf(paths: Iterable<string>): string | undefined {
  const files = new Map<string, string>()
  for (const path of paths) {
    const folded = foldedPath(path)
    const other = files.get(folded)
    if (other !== undefined) {
      return `holds ${show(path)} twice${other === path ? '' : ` (as ${show(other)}, which is the same on some systems)`}`
    }
    files.set(folded, path)
  }
  const clash = fileAndFolder(files.keys())
  return clash === undefined ? undefined : `holds ${show(files.get(clash))} as a file and as a folder`
}

/** A text that is equal for paths that are one file on systems that ignore case or the composition of letters. */
export function foldedPath(path: string): string {
  return path.normalize('NFC').toLowerCase()
}

/** The first path that is also a folder of another path. Case-sensitive. */
export function fileAndFolder(paths: Iterable<string>): string | undefined {
  const files = [...paths]
  const folders = new Set<string>()
  for (const path of files) {
    for (let slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) folders.add(path.slice(0, slash))
  }
  return files.find((path) => folders.has(path))
}
