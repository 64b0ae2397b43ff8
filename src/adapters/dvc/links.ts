/** How the working tree and the cache share content, as DVC's `cache.type` says: reflinks, hard links, symbolic links, copies. */
import { chmodSync, constants, copyFileSync, linkSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { MillwrightError, show } from '../../core/errors'
import { systemCode } from '../node/system-errors'

/** One of the values of `cache.type`. */
export type LinkType = (typeof linkTypes)[number]

/** What `cache.type` may hold. */
const linkTypes = ['reflink', 'hardlink', 'symlink', 'copy'] as const

/** What DVC does where `cache.type` says nothing. */
export const DEFAULT_LINKS: readonly LinkType[] = ['reflink', 'copy']

/** The value of `cache.type`: types in the order in which they are tried. @throws Corrupt naming the file */
export function parseLinkTypes(text: string, subject: string): readonly LinkType[] {
  const names = text.split(',').map((name) => name.trim())
  const unknown = names.find((name) => !(linkTypes as readonly string[]).includes(name))
  if (unknown === undefined) return names as LinkType[]
  throw new MillwrightError('Corrupt', `${subject}: \`cache.type\` may hold ${linkTypes.join(', ')}, got ${show(unknown)}`)
}

/** What the system answers where a file system has no links of a type, or two file systems cannot share one. */
const noSuchLinks = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'EXDEV', 'ENOTTY', 'ENOSYS', 'EINVAL', 'EAGAIN', 'EMLINK'])

/** Makes `to` a link to `from`. @returns whether the file system can */
export function makeLink(type: Exclude<LinkType, 'copy'>, from: string, to: string): boolean {
  try {
    if (type === 'hardlink') linkSync(from, to)
    else if (type === 'symlink') symlinkSync(from, to)
    else copyFileSync(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE_FORCE)
    return true
  } catch (error) {
    if (type === 'reflink' && systemCode(error) !== 'EEXIST') rmSync(to, { force: true })
    if (noSuchLinks.has(systemCode(error))) return false
    throw error
  }
}

/** Gives a file of the working tree the permissions of a new file: a clone has those of the object. */
export function makeWritable(path: string, isExecutable: boolean): void {
  chmodSync(path, (isExecutable ? 0o777 : 0o666) & ~process.umask())
}

/** Lets the owner run a file, as DVC does; where it is a link, the object of the cache with it. */
export function makeExecutable(path: string): void {
  const mode = statSync(path).mode & 0o777
  if ((mode & 0o100) === 0) chmodSync(path, mode | 0o100)
}

/** The error for a project none of whose kinds of links can be made. */
export function noLinkError(root: string, types: readonly LinkType[], path: string): MillwrightError {
  return new MillwrightError(
    'Unsupported',
    `${root}: ${show(path)} and the DVC cache can share content by none of \`cache.type\` ${types.join(', ')}`,
    { details: { path }, hint: `dvc config cache.type ${[...types, 'copy'].join(',')}` },
  )
}
