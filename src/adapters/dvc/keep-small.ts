/**
 * Keeps files in the cache by calls that do not wait for a thread: for a kilobyte that takes longer than the work itself. Runs on the calling
 * thread, or on threads of its own (keep-thread.ts).
 */
import {
  closeSync,
  fchmodSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeSync,
} from 'node:fs'
import { newId } from '../../core/ids'
import { systemCode } from '../node/system-errors'
import { md5Of } from './hashes'
import type { FileFacts } from './known-hashes'
import { type LinkType, makeLink } from './links'

/** Files up to this size are read at once. */
export const SMALL_BYTES = 262_144
/** Folder of the cache for files that are being written. */
export const ASIDE = 'millwright-tmp'

/** Where content is kept, and how. */
export interface KeeperOptions {
  /** Folder of the cache. */
  readonly cache: string
  /** Folder of the working tree's file system for links that are being made. */
  readonly temporary: string
  /** `cache.type`. */
  readonly types: readonly LinkType[]
  readonly fsync: boolean
}

/** A file of the working tree, as it was found. */
export interface FoundFile {
  readonly path: string
  readonly size: number
  readonly mtimeMs: number
  readonly inode: number
  readonly mode: number
  readonly isLink: boolean
}

/** A file whose content is in the cache. */
export interface Kept {
  readonly hash: string
  readonly size: number
  /** The file now, where it became a link. */
  readonly facts: FileFacts | undefined
}

/** Content that was hashed, and the open file that it was read from. */
export interface OpenContent {
  readonly file: FoundFile
  readonly handle: number
  readonly hash: string
  readonly size: number
  /** The content, of a small file. */
  readonly bytes?: Uint8Array | undefined
  /** The cache has the content, as a file of its own. */
  readonly isStored?: boolean | undefined
}

/** Keeps files of the working tree. */
export interface Keeper {
  /** Reads a small file once, keeps its content, and leaves at its path what `cache.type` says. `undefined`: no type works here. */
  keep(file: FoundFile): Kept | undefined
  /** Shares a file with the cache by a link of one type. */
  readonly share: Share
  /** Clones a file into the cache's folder for what is being written; `undefined` where the file system cannot. */
  clone(path: string): string | undefined
  /** Moves a clone to its place. */
  settle(aside: string, hash: string, size: number): void
}

/** A keeper for one operation: what it remembers of the cache's folders is true for seconds, not for hours. */
export function createKeeper(options: KeeperOptions): Keeper {
  const { types } = options
  const objects = objectFolder(options)
  const share = sharer(options, objects)
  const refused = new Set<LinkType>()
  const buffer = Buffer.allocUnsafeSlow(SMALL_BYTES + 1)
  const clone = (path: string): string | undefined => {
    const aside = objects.newAside()
    if (!refused.has('reflink') && objects.within(aside, () => makeLink('reflink', path, aside))) return aside
    refused.add('reflink')
    return undefined
  }
  const keepClone = (path: string): Kept | undefined => {
    const aside = clone(path)
    if (aside === undefined) return undefined
    const bytes = readFileSync(aside)
    const hash = md5Of(bytes)
    objects.settle(aside, hash, bytes.length)
    return { hash, size: bytes.length, facts: undefined }
  }
  const keepRead = (file: FoundFile, rest: readonly LinkType[]): Kept | undefined => {
    const handle = openSync(file.path, 'r')
    try {
      const bytes = readWhole(handle, buffer, file.size)
      const hash = md5Of(bytes)
      const size = bytes.length
      for (const type of rest) {
        const shared = type === 'reflink' ? 'impossible' : type === 'copy' ? 'copy' : share(type, { file, handle, hash, size, bytes })
        if (shared === 'impossible') continue
        if (shared !== 'copy') return { hash, size, facts: shared }
        objects.write(bytes, hash)
        return { hash, size, facts: undefined }
      }
      return undefined
    } finally {
      closeSync(handle)
    }
  }
  return {
    keep(file) {
      const first = types.findIndex((type) => type !== 'reflink')
      return (first === 0 ? undefined : keepClone(file.path)) ?? keepRead(file, first < 0 ? [] : types.slice(first))
    },
    share,
    clone,
    settle: objects.settle,
  }
}

/** All bytes of an open file, which had `size` bytes when it was found; valid until the next call. */
function readWhole(handle: number, buffer: Buffer, size: number): Buffer {
  let length = 0
  while (length < buffer.length) {
    const read = readSync(handle, buffer, length, buffer.length - length, length)
    length += read
    if (read === 0 || length === size) return buffer.subarray(0, length)
  }
  // It has grown since it was found.
  return Buffer.concat([buffer, readFileSync(handle)])
}

/** The cache's own folders. */
interface ObjectFolder {
  pathOf(hash: string): string
  /** A name for a file of the cache that is being written. */
  newAside(): string
  /** Writes content, unless an object of this hash and size is there. */
  write(bytes: Uint8Array, hash: string): void
  /** Moves a file aside to its place, unless an object of this hash and size is there. */
  settle(aside: string, hash: string, size: number): void
  /** Does work that makes a file, whose folder is made when it is not there. */
  within<T>(path: string, work: () => T): T
}

function objectFolder({ cache, fsync }: KeeperOptions): ObjectFolder {
  const top = `${cache}/files/md5/`
  const prefix = `${cache}/${ASIDE}/${newId().slice(0, 24)}`
  let numAside = 0
  /** Folder → the names that were in it when it was first used, so that new objects need not be looked for one by one. */
  const known = new Map<string, ReadonlySet<string>>()
  const pathOf = (hash: string): string => `${top}${hash.slice(0, 2)}/${hash.slice(2)}`
  const within: ObjectFolder['within'] = (path, work) => {
    try {
      return work()
    } catch (error) {
      // Not made yet, or somebody removed it meanwhile, as `dvc gc` may.
      if (systemCode(error) !== 'ENOENT') throw error
      known.clear()
      mkdirSync(path.slice(0, path.lastIndexOf('/')), { recursive: true })
      return work()
    }
  }
  const isThere = (hash: string, size: number): boolean => {
    const folder = hash.slice(0, 2)
    let names = known.get(folder)
    if (names === undefined) {
      mkdirSync(top + folder, { recursive: true })
      names = new Set(readdirSync(top + folder))
      known.set(folder, names)
    }
    return names.has(hash.slice(2)) && statSync(pathOf(hash), { throwIfNoEntry: false })?.size === size
  }
  const newAside = (): string => `${prefix}${(numAside++).toString(16).padStart(8, '0')}`
  /** Opens a file aside, completes it, and moves it to its place. */
  const place = (aside: string, hash: string, { open, complete }: { open(): number; complete(handle: number): void }): void => {
    const handle = open()
    try {
      complete(handle)
      if (fsync) fsyncSync(handle)
    } finally {
      closeSync(handle)
    }
    const path = pathOf(hash)
    within(path, () => renameSync(aside, path))
  }
  const orRemove = (aside: string, work: () => void): void => {
    try {
      work()
    } catch (error) {
      rmSync(aside, { force: true })
      throw error
    }
  }
  return {
    pathOf,
    newAside,
    within,
    write(bytes, hash) {
      if (isThere(hash, bytes.length)) return
      const aside = newAside()
      orRemove(aside, () =>
        place(aside, hash, {
          // DVC trusts an object of this mode without a look; here nobody looks before it is moved, whole.
          open: () => within(aside, () => openSync(aside, 'wx', 0o444)),
          complete(handle) {
            for (let at = 0; at < bytes.length; ) at += writeSync(handle, bytes, at)
          },
        }),
      )
    },
    settle(aside, hash, size) {
      orRemove(aside, () => {
        if (isThere(hash, size)) rmSync(aside)
        else place(aside, hash, { open: () => openSync(aside, 'r'), complete: (handle) => fchmodSync(handle, 0o444) })
      })
    },
  }
}

/**
 * Makes a file of the working tree and an object of the cache one. `copy`: the cache must keep a copy, and the file stays as it is; it is
 * empty, or is not what was read any more. `impossible`: the file systems cannot.
 */
type Share = (type: 'hardlink' | 'symlink', content: OpenContent) => FileFacts | 'copy' | 'impossible'

function sharer({ temporary, fsync }: KeeperOptions, objects: ObjectFolder): Share {
  return (type, content) => {
    const { file, hash, size, bytes, isStored } = content
    // DVC shares no empty file by hard links: a file system allows only so many names of one.
    if (type === 'hardlink' && size === 0) return 'copy'
    const object = objects.pathOf(hash)
    if (!isStored && !file.isLink) {
      const entered = enter(content, object, fsync, objects)
      if (entered === 'copy' || (entered === 'impossible' && type === 'hardlink')) return entered
      if (typeof entered === 'object' && type === 'hardlink') return entered
      if (entered === 'impossible' && bytes === undefined) return entered
      // Another file system: a symbolic link still leads there.
      if (entered === 'impossible') objects.write(bytes as Uint8Array, hash)
    } else if (!isStored && bytes !== undefined) objects.write(bytes, hash)
    return replaceByLink(type, file, object, { temporary, objects })
  }
}

/** Puts a link in the place of a file. */
function replaceByLink(
  type: 'hardlink' | 'symlink',
  { path, inode, isLink }: FoundFile,
  object: string,
  { temporary, objects }: { readonly temporary: string; readonly objects: ObjectFolder },
): FileFacts | 'copy' | 'impossible' {
  if (isLink && type === 'symlink' && readlinkSync(path) === object) return statSync(path)
  const aside = `${temporary}/${newId()}`
  try {
    if (!objects.within(aside, () => makeLink(type, object, aside))) return 'impossible'
    const now = lstatSync(path, { throwIfNoEntry: false })
    if (now === undefined || now.isSymbolicLink() !== isLink || (!isLink && now.ino !== inode)) return 'copy'
    renameSync(aside, path)
    return statSync(path)
  } finally {
    rmSync(aside, { force: true })
  }
}

/**
 * Gives a file of the working tree the name of an object, too. `present`: such an object is there, whole, as a file of its own.
 * The mode comes last: DVC trusts an object of mode 0444 without a look.
 */
function enter(
  { file, handle, hash, size, bytes }: OpenContent,
  object: string,
  fsync: boolean,
  objects: ObjectFolder,
): Stats | 'present' | 'copy' | 'impossible' {
  if (fsync) fsyncSync(handle)
  const link = (): boolean => objects.within(object, () => makeLink('hardlink', file.path, object))
  let isNew = true
  try {
    if (!link()) return 'impossible'
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error
    const there = statSync(object)
    // An object that is this file already has the file's own mode when a process was killed before it could change it.
    isNew = there.ino !== file.inode || there.dev !== fstatSync(handle).dev
    if (isNew) {
      // Whoever brings a large file has looked at the object.
      if (there.size === size && (bytes === undefined || md5Of(readFileSync(object)) === hash)) return 'present'
      // A damaged object, and here is the right content.
      rmSync(object)
      if (!link()) return 'impossible'
    }
  }
  try {
    if ((fstatSync(handle).mode & 0o777) !== 0o444) fchmodSync(handle, 0o444)
  } catch (error) {
    // Whoever may write to the file would change the object with it.
    if (isNew) rmSync(object, { force: true })
    throw error
  }
  const now = fstatSync(handle)
  if (now.ino === file.inode && now.mtimeMs === file.mtimeMs && now.size === size && now.nlink > 1) return now
  rmSync(object, { force: true })
  fchmodSync(handle, file.mode & 0o7777)
  return 'copy'
}
