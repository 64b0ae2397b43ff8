/** Characters, escapes and classes of Python's regular expressions, for JavaScript's `v` flag. */
import { type Flags, noRegex, type PatternReader, unsupported } from './python-regex-reader'

/** The characters that `\w`, `\d` and `\s` match: all of Unicode, or ASCII under `(?a)`. */
export type CharacterMode = 'unicode' | 'ascii'

/** The members of `\w`, `\d` and `\s`, for use in a class: `str.isalnum`, `str.isdecimal` and `str.isspace` of Python. */
const members: Readonly<Record<CharacterMode, Readonly<Record<string, string>>>> = {
  unicode: {
    w: '\\p{L}\\p{N}_',
    d: '\\p{Nd}',
    s: '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000',
  },
  ascii: { w: 'a-zA-Z0-9_', d: '0-9', s: '\\t-\\r\\x20' },
}

const controls: Readonly<Record<string, number>> = { a: 7, f: 12, n: 10, r: 13, t: 9, v: 11, '\\': 92 }

/** A code point as source, inside and outside of classes. */
export function literal(code: number): string {
  const character = String.fromCodePoint(code)
  return /^[A-Za-z0-9_ ]$/.test(character) ? character : `\\u{${code.toString(16)}}`
}

/** `\b`, or `\B`. */
export function wordBoundary(mode: CharacterMode, at: boolean): string {
  const word = `[${members[mode].w}]`
  return at ? `(?:(?<=${word})(?!${word})|(?<!${word})(?=${word}))` : `(?:(?<=${word})(?=${word})|(?<!${word})(?!${word}))`
}

/** The characters that `\w`, `\d` and `\s` match under `flags`. */
export function modeOf(flags: Flags): CharacterMode {
  return flags.ascii ? 'ascii' : 'unicode'
}

/** One character outside of a class. */
export function single(code: number, flags: Flags): string {
  return dotted(flags) && dottedCases.includes(code) ? `[${DOTTED}]` : literal(code)
}

/** In Python, i, ı and İ are cases of one letter under `(?i)`; in JavaScript they are not. */
const dottedCases: readonly number[] = [0x49, 0x69, 0x130, 0x131]
const DOTTED = 'i\\u{130}\\u{131}'

function dotted(flags: Flags): boolean {
  return flags.ignoreCase && !flags.ascii
}

/** An escape that matches one character, outside of a class; the backslash has been read. */
export function escapeOf(reader: PatternReader): string {
  return setOf(reader) ?? single(codeOfEscape(reader, false), reader.flags)
}

/** `\w`, `\D` and the like. */
function setOf(reader: PatternReader): string | undefined {
  const next = reader.pattern[reader.at] ?? ''
  const sets = members[modeOf(reader.flags)]
  if (!Object.hasOwn(sets, next.toLowerCase())) return undefined
  reader.at++
  return next === next.toLowerCase() ? `[${sets[next]}]` : `[^${sets[next.toLowerCase()]}]`
}

/** The code point that an escape stands for. */
function codeOfEscape(reader: PatternReader, inClass: boolean): number {
  const rest = reader.pattern.slice(reader.at)
  const next = rest[0]
  if (next === undefined) throw noRegex(reader, 'bad escape (end of pattern)')
  const hex = /^(?:x[\da-fA-F]{2}|u[\da-fA-F]{4}|U[\da-fA-F]{8})/.exec(rest)?.[0]
  if (hex !== undefined) {
    const code = Number.parseInt(hex.slice(1), 16)
    if (code > 0x10ffff) throw noRegex(reader, `bad escape \\${hex}`)
    reader.at += hex.length
    return code
  }
  // A leading zero, three octal digits, or in a class any octal digits.
  const octal = /^0[0-7]{0,2}/.exec(rest)?.[0] ?? (inClass ? /^[0-7]{1,3}/ : /^[0-7]{3}/).exec(rest)?.[0]
  if (octal !== undefined) {
    const code = Number.parseInt(octal, 8)
    if (code > 0o377) throw noRegex(reader, `octal escape value \\${octal} outside of range 0-0o377`)
    reader.at += octal.length
    return code
  }
  if (next === 'N') throw unsupported(reader, 'the character by name \\N{…}')
  if (Object.hasOwn(controls, next) || (next === 'b' && inClass)) {
    reader.at++
    return next === 'b' ? 8 : (controls[next] as number)
  }
  if (/[A-Za-z0-9]/.test(next)) throw noRegex(reader, `bad escape \\${next}`)
  const code = rest.codePointAt(0) as number
  reader.at += code > 0xffff ? 2 : 1
  return code
}

/** A class; the opening bracket has been read. */
export function classOf(reader: PatternReader): string {
  const { pattern, flags } = reader
  const negated = pattern[reader.at] === '^'
  if (negated) reader.at++
  let source = ''
  let holdsI = false
  for (let first = true; first || pattern[reader.at] !== ']'; first = false) {
    const low = classMember(reader)
    if (pattern[reader.at] !== '-' || pattern[reader.at + 1] === ']') {
      source += typeof low === 'string' ? low : literal(low)
      holdsI ||= typeof low === 'number' && dottedCases.includes(low)
      continue
    }
    reader.at++
    const high = classMember(reader)
    if (typeof low === 'string' || typeof high === 'string' || high < low) throw noRegex(reader, 'bad character range')
    source += `${literal(low)}-${literal(high)}`
    holdsI ||= dottedCases.some((code) => low <= code && code <= high)
  }
  reader.at++
  return `[${negated ? '^' : ''}${source}${holdsI && dotted(flags) ? DOTTED : ''}]`
}

/** One member of a class: a code point, or a set as source. */
function classMember(reader: PatternReader): string | number {
  const code = reader.pattern.codePointAt(reader.at)
  if (code === undefined) throw noRegex(reader, 'unterminated character set')
  reader.at += code > 0xffff ? 2 : 1
  return code === 92 ? (setOf(reader) ?? codeOfEscape(reader, true)) : code
}
