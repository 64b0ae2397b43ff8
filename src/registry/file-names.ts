/** Which file names may lie beside each other on every system. */
import { show } from '../core/errors'

/**
 * Why these relative paths cannot all be files of one folder on every system, or nothing: a path that is there twice (also where only case,
 * or how a letter is composed, tells two apart), and a file where another path needs a folder.
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

/** The same text for paths that are one file on systems that ignore case or the composition of letters. */
export function foldedPath(path: string): string {
  return path.normalize('NFC').toLowerCase()
}

/** The first of these paths that is also the folder of another one. Case counts. */
export function fileAndFolder(paths: Iterable<string>): string | undefined {
  const files = [...paths]
  const folders = new Set<string>()
  for (const path of files) {
    for (let slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) folders.add(path.slice(0, slash))
  }
  return files.find((path) => folders.has(path))
}
