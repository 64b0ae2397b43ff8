/** Converts errors of the operating system to errors of this library. */
import { MillwrightError } from '../../core/errors'

const sentences: Readonly<Record<string, readonly [code: MillwrightError['code'], sentence: string]>> = {
  ENOENT: ['NotFound', 'there is no such object'],
  EACCES: ['PermissionDenied', 'the file system does not permit it'],
  EPERM: ['PermissionDenied', 'the file system does not permit it'],
  EROFS: ['PermissionDenied', 'the file system is read-only'],
  ELOOP: ['PermissionDenied', 'it is a symbolic link out of the root'],
  ENOTDIR: ['Conflict', 'a part of the key is an object, not a folder'],
  EISDIR: ['Conflict', 'there are longer keys beneath it'],
  ENOTEMPTY: ['Conflict', 'there are longer keys beneath it'],
  EEXIST: ['Conflict', 'it exists already'],
  ENAMETOOLONG: ['InvalidArgument', 'the file system does not take names of that length'],
  EFBIG: ['InvalidArgument', 'the object is too large for the file system'],
  ERR_FS_FILE_TOO_LARGE: ['InvalidArgument', 'the object is too large to be read at once'],
  EXDEV: ['Unsupported', 'that folder lies on another file system than the root'],
  ENOSPC: ['Unavailable', 'the disk is full'],
  EDQUOT: ['Unavailable', 'the disk quota is used up'],
  EMFILE: ['Unavailable', 'too many files are open'],
  ENFILE: ['Unavailable', 'too many files are open'],
  EBUSY: ['Unavailable', 'the file is busy'],
  EIO: ['Unavailable', 'the disk reports an input/output error'],
  ESTALE: ['Unavailable', 'the network file system lost the file'],
}

/** The code of an operating system error, such as `ENOENT`; empty for other errors. */
export function systemCode(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code
  return typeof code === 'string' ? code : ''
}

/**
 * `error` as an error of this library: "fsStorage(./mlops) cannot put "a/b": the disk is full (ENOSPC)".
 * Errors of this library and reasons of an abort are returned unchanged.
 */
export function translateFsError(error: unknown, store: string, operation: string, key: string): unknown {
  const word = systemCode(error)
  const known = Object.hasOwn(sentences, word) ? sentences[word] : undefined
  if (known === undefined) {
    if (!/^E[A-Z0-9]+$/.test(word)) return error
    return new MillwrightError('Internal', `${store} cannot ${operation} ${whole(key)}: ${word}`, { details: { key }, cause: error })
  }
  return new MillwrightError(known[0], `${store} cannot ${operation} ${whole(key)}: ${known[1]} (${word})`, {
    details: { key },
    cause: error,
  })
}

/** A key in quotes, not shortened up to the length of this library's keys, so that the file can be found. */
function whole(key: string): string {
  return JSON.stringify(key.length > 300 ? `${key.slice(0, 300)}…` : key)
}
