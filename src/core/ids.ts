/** Identifiers: unguessable when random, refused when a name from outside would be dangerous as a path. */
import { toHex } from './bytes'
import { invalidArgument, show } from './errors'
import type { Rng } from './random'

/** 32 lower-case hexadecimal digits (128 random bits), MLflow's form of a run id. */
export function newId(rng?: Rng): string {
  const bytes = new Uint8Array(16)
  if (rng === undefined) crypto.getRandomValues(bytes)
  else for (let i = 0; i < 16; i++) bytes[i] = rng.int(256)
  return toHex(bytes)
}

/** Device names; Windows reads superscript digits as digits, and looks at what stands before the first dot, without spaces at its end. */
const windowsReserved = /^(con|prn|aux|nul|conin\$|conout\$|com[\d¹²³]|lpt[\d¹²³]) *(\..*)?$/i

/**
 * Checks one segment of a storage key: not empty, at most 255 UTF-8 bytes, not `.` or `..`, no slash, backslash, colon,
 * control character, Windows device name, trailing dot or space.
 *
 * @throws InvalidArgument naming `subject`
 */
export function assertSafeSegment(segment: string, subject: string): void {
  const reason = unsafeReason(segment)
  if (reason !== undefined)
    throw invalidArgument(`${subject} must be usable as a file name on every system, got ${show(segment)} (${reason})`)
}

/**
 * Checks a storage key: segments as in {@link assertSafeSegment} joined by `/`, at most 1,024 characters.
 *
 * @throws InvalidArgument naming `subject`
 */
export function assertSafeKey(key: string, subject = 'a storage key'): void {
  if (typeof key !== 'string' || key === '' || key.length > 1024) {
    throw invalidArgument(`${subject} must be a string of 1 to 1,024 characters, got ${show(key)}`)
  }
  for (const segment of key.split('/')) assertSafeSegment(segment, subject)
}

/** Whether a text is a storage key that {@link assertSafeKey} takes. */
export function isSafeKey(key: string): boolean {
  return key !== '' && key.length <= 1024 && key.split('/').every((segment) => unsafeReason(segment) === undefined)
}

function unsafeReason(segment: string): string | undefined {
  if (typeof segment !== 'string') return 'not a string'
  if (segment === '') return 'empty'
  if (segment === '.' || segment === '..') return 'a relative path'
  if (segment.length > 255 || new TextEncoder().encode(segment).length > 255) return 'longer than 255 bytes'
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
  if (/[\u0000-\u001f\u007f]/.test(segment)) return 'a control character'
  if (/[/\\:]/.test(segment)) return 'a path separator or colon'
  if (/[. ]$/.test(segment)) return 'ends in a dot or space'
  if (windowsReserved.test(segment)) return 'a reserved device name'
  if (!segment.isWellFormed()) return 'a lone surrogate'
  return undefined
}
