/** Paths of a DVC project: relative to its root, with `/`, never out of it. */
import { lstat } from 'node:fs/promises'
import { isAbsolute, join, posix, relative, resolve, sep } from 'node:path'
import { invalidArgument, MillwrightError, show } from '../../core/errors'
import { systemCode } from '../node/system-errors'

const isWindows = sep === '\\'

/** Why a path from a pointer or manifest is not written to; `undefined` when it is fine. */
export function unsafePathReason(path: string): string | undefined {
  if (path === '' || path.length > 4096) return 'it must have 1 to 4,096 characters'
  if (path.includes('\0')) return 'it holds a NUL character'
  if (!path.isWellFormed()) return 'it holds a lone surrogate'
  for (const segment of path.split('/')) {
    if (segment === '') return 'it is absolute or has an empty part'
    if (segment === '.' || segment === '..') return 'it holds "." or ".."'
    // What stands there may run as a program: git's hooks, and what the configuration of DVC or git names.
    if (isInternal(segment)) return `it leads into ${segment}`
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what Windows refuses in names
    if (isWindows && (/[\u0000-\u001f<>:"|?*\\]/.test(segment) || /[. ]$/.test(segment))) return 'Windows has no such file names'
  }
  return undefined
}

/** Whether a folder belongs to git, Mercurial or DVC; also as file systems read it that ignore case, dots at the end and invisible characters. */
export function isInternal(segment: string): boolean {
  // Most names: nothing in them that a file system reads as something else.
  if (/^[!-\-/-FH-fh-~][ -~]*$/.test(segment)) return false
  const plain = segment
    .normalize('NFKC')
    .replace(/\p{Default_Ignorable_Code_Point}/gu, '')
    .replace(/[. ]+$/, '')
    .toLowerCase()
  return ['.git', '.hg', '.dvc', 'git~1'].includes(plain)
}

/**
 * A path that the caller named, relative to the root, with `/`.
 *
 * @throws InvalidArgument when it is outside of the root, the root itself, or inside `.git` or `.dvc`
 */
export function pathInside(root: string, path: unknown, operation: string): string {
  if (typeof path !== 'string' || path === '') throw invalidArgument(`${operation} takes a path below ${root}, got ${show(path)}`)
  const way = relative(root, resolve(root, path))
  const inside = way.split(sep).join('/')
  const reason = way === '' ? 'it is the root itself' : isAbsolute(way) ? 'it lies outside' : unsafePathReason(inside)
  if (reason === undefined) return inside
  throw invalidArgument(
    `${operation} takes a path below ${root}, got ${show(path)}: ${inside.startsWith('..') ? 'it lies outside' : reason}`,
  )
}

/** Where a path of a pointer lies, seen from the root; `undefined` for one outside, or of another file system (`s3://…`). */
export function pathOfOutput(folder: string, wdir: string, path: string): string | undefined {
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(path) || isAbsolute(path)) return undefined
  const joined = posix.join(folder, wdir, path).replace(/\/$/, '')
  return unsafePathReason(joined) === undefined ? joined : undefined
}

/** Refuses a path one of whose folders is a symbolic link: it may lead anywhere. @throws PermissionDenied */
export async function assertNoLinks(root: string, path: string, operation: string): Promise<void> {
  const parts = path.split('/')
  for (let i = 1; i < parts.length; i++) {
    const folder = parts.slice(0, i).join('/')
    try {
      if ((await lstat(join(root, folder))).isSymbolicLink()) {
        throw new MillwrightError('PermissionDenied', `${operation} does not go through the symbolic link ${show(folder)} to ${show(path)}`)
      }
    } catch (error) {
      if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return
      throw error
    }
  }
}
