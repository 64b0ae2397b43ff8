/**
 * Regular expressions of Python's `re` as JavaScript's, so that a suite means the same here and in Great Expectations.
 *
 * The pattern is parsed by Python's grammar (Lib/re/_parser.py of CPython 3.11) and written anew for the `v` flag. The flags m and s are
 * spelt out, so that JavaScript's `^` and `$` always mean `\A` and `\Z`; `\w`, `\d`, `\s` and `\b` know Unicode, as in Python.
 * Constructs without a counterpart are refused; the error names them.
 */
import { show } from '../core/errors'
import { classOf, escapeOf, modeOf, single, wordBoundary } from './python-regex-characters'
import { type Flags, noRegex, type PatternReader, unsupported } from './python-regex-reader'

/** A translated part and how many code points it matches. */
interface Part {
  readonly source: string
  readonly min: number
  readonly max: number
  /** Whether it is an anchor, which cannot be repeated, or already repeated. */
  readonly kind?: 'anchor' | 'repeated'
}

const unflagged: Flags = { ignoreCase: false, multiline: false, dotAll: false, verbose: false, ascii: false }

/**
 * The JavaScript counterpart of a regular expression in Python's syntax; `test` searches, as `re.search` does.
 *
 * @throws InvalidArgument when Python would refuse it, Unsupported when JavaScript has no counterpart
 */
export function pythonRegex(pattern: string): RegExp {
  let reader = readerOf(pattern, unflagged)
  let part = parseAlternatives(reader)
  if (reader.flags.verbose) {
    // Python, too, starts over once it has met (?x).
    reader = readerOf(pattern, reader.flags)
    part = parseAlternatives(reader)
  }
  if (reader.at < pattern.length) throw noRegex(reader, 'unbalanced parenthesis')
  return new RegExp(part.source, reader.flags.ignoreCase ? 'vi' : 'v')
}

function readerOf(pattern: string, flags: Flags): PatternReader {
  return {
    pattern,
    at: 0,
    flags,
    groups: 0,
    names: new Map(),
    open: new Set(),
    certain: new Set(),
    atomic: 0,
    lookbehind: 0,
  }
}

/** `a|b|c`, up to a closing parenthesis or the end. */
function parseAlternatives(reader: PatternReader): Part {
  const before = reader.certain
  const parts = [parseSequence(reader)]
  while (reader.pattern[reader.at] === '|') {
    reader.at++
    reader.certain = before
    parts.push(parseSequence(reader))
  }
  if (parts.length === 1) return parts[0] as Part
  reader.certain = before
  return {
    source: parts.map(({ source }) => source).join('|'),
    min: Math.min(...parts.map(({ min }) => min)),
    max: Math.max(...parts.map(({ max }) => max)),
  }
}

function parseSequence(reader: PatternReader): Part {
  const { pattern } = reader
  let [source, min, max] = ['', 0, 0]
  const from = reader.at
  while (reader.at < pattern.length && pattern[reader.at] !== '|' && pattern[reader.at] !== ')') {
    if (skipVerbose(reader)) continue
    if (takeGlobalFlags(reader, from)) continue
    const before = reader.certain
    const item = parseItem(reader)
    if (item === undefined) continue
    const part = parseQuantifier(reader, item)
    if (part.min === 0 && part.kind === 'repeated') reader.certain = before
    source += part.source
    min += part.min
    max += part.max
  }
  return { source, min, max }
}

/** Under `(?x)`, white space and comments do not count. */
function skipVerbose(reader: PatternReader): boolean {
  if (!reader.flags.verbose) return false
  const blank = /^(?:[ \t\n\r\v\f]+|#[^\n]*\n?)/.exec(reader.pattern.slice(reader.at))
  if (blank === null) return false
  reader.at += blank[0].length
  return true
}

const flagNames: Readonly<Record<string, keyof Flags>> = {
  i: 'ignoreCase',
  m: 'multiline',
  s: 'dotAll',
  x: 'verbose',
  a: 'ascii',
}

/** `(?i)` and the like, which stand at the very start. */
function takeGlobalFlags(reader: PatternReader, from: number): boolean {
  const match = /^\(\?([aiLmsux]+)\)/.exec(reader.pattern.slice(reader.at))
  if (match === null) return false
  const before = reader.pattern.slice(0, reader.at)
  const onlyFlagsBefore = /^(?:\(\?[aiLmsux]+\))*$/.test(reader.flags.verbose ? before.replace(/\s/g, '') : before)
  if (from !== 0 || !onlyFlagsBefore) throw noRegex(reader, 'global flags not at the start of the expression')
  reader.flags = withFlags(reader, match[1] as string, '')
  reader.at += match[0].length
  return true
}

function withFlags(reader: PatternReader, on: string, off: string): Flags {
  if (on.includes('L')) throw noRegex(reader, "cannot use 'L' flag with a str pattern")
  const flags: Record<keyof Flags, boolean> = { ...reader.flags }
  for (const letter of on) {
    if (letter === 'u') flags.ascii = false
    else flags[flagNames[letter] as keyof Flags] = true
  }
  for (const letter of off) flags[flagNames[letter] as keyof Flags] = false
  return flags
}

/** One atom without its quantifier; `undefined` for a comment. */
function parseItem(reader: PatternReader): Part | undefined {
  const { pattern, flags } = reader
  const character = String.fromCodePoint(pattern.codePointAt(reader.at) as number)
  reader.at += character.length
  switch (character) {
    case '(':
      return parseGroup(reader)
    case '[':
      return { source: classOf(reader), min: 1, max: 1 }
    case '\\':
      return parseEscape(reader)
    case '.':
      return { source: flags.dotAll ? '[\\s\\S]' : '[^\\n]', min: 1, max: 1 }
    case '^':
      return anchor(flags.multiline ? '(?:^|(?<=\\n))' : '^')
    case '$':
      // Without (?m) Python's $ also matches before a line feed that ends the text.
      return anchor(flags.multiline ? '(?:$|(?=\\n))' : '(?=\\n?$)')
    case '*':
    case '+':
    case '?':
      throw noRegex(reader, 'nothing to repeat')
    default:
      if (character === '{' && quantifierAt(reader, reader.at - 1) !== undefined) throw noRegex(reader, 'nothing to repeat')
      return { source: single(character.codePointAt(0) as number, flags), min: 1, max: 1 }
  }
}

function anchor(source: string): Part {
  return { source, min: 0, max: 0, kind: 'anchor' }
}

/** A backslash and what follows it, outside a class. */
function parseEscape(reader: PatternReader): Part {
  const { pattern, flags } = reader
  const next = pattern[reader.at] ?? ''
  const anchors: Readonly<Record<string, string>> = {
    A: '^',
    Z: '$',
    b: wordBoundary(modeOf(flags), true),
    B: wordBoundary(modeOf(flags), false),
  }
  if (Object.hasOwn(anchors, next)) {
    reader.at++
    return anchor(anchors[next] as string)
  }
  const reference = /^[1-9]\d?/.exec(pattern.slice(reader.at))?.[0]
  const octal = /^[0-3][0-7]{2}/.test(pattern.slice(reader.at))
  if (reference !== undefined && !octal) {
    reader.at += reference.length
    return parseReference(reader, Number(reference), `\\${reference}`)
  }
  return { source: escapeOf(reader), min: 1, max: 1 }
}

/** A back reference. One to a group that has not matched fails in Python and matches nothing in JavaScript, so that is refused. */
function parseReference(reader: PatternReader, group: number, text: string): Part {
  if (group > reader.groups) throw noRegex(reader, `invalid group reference ${text}`)
  if (reader.open.has(group)) throw noRegex(reader, 'cannot refer to an open group')
  if (reader.lookbehind > 0) throw unsupported(reader, `the back reference ${text} within a look-behind`)
  if (!reader.certain.has(group)) throw unsupported(reader, `the back reference ${text} to a group that need not have matched`)
  return { source: `\\k<g${group}>`, min: 0, max: Number.POSITIVE_INFINITY }
}

/** What follows an opening parenthesis. */
function parseGroup(reader: PatternReader): Part | undefined {
  const rest = reader.pattern.slice(reader.at)
  if (!rest.startsWith('?')) return captured(reader, undefined, 0)
  const named = /^\?P<([^>]*)>/.exec(rest)
  if (named !== null) return captured(reader, named[1] as string, named[0].length)
  const reference = /^\?P=([^)]*)\)/.exec(rest)
  if (reference !== null) {
    reader.at += reference[0].length
    const group = reader.names.get(reference[1] as string)
    if (group === undefined) throw noRegex(reader, `unknown group name ${show(reference[1])}`)
    return parseReference(reader, group, `(${reference[0]}`)
  }
  if (rest.startsWith('?#')) {
    const end = rest.indexOf(')')
    if (end < 0) throw noRegex(reader, 'missing ), unterminated comment')
    reader.at += end + 1
    return undefined
  }
  for (const open of ['?=', '?!', '?<=', '?<!'] as const) if (rest.startsWith(open)) return lookaround(reader, open)
  if (rest.startsWith('?>')) {
    reader.at += 2
    return atomic(reader, closed(reader))
  }
  if (rest.startsWith('?(')) throw unsupported(reader, 'the conditional group (?(…)…)')
  const scoped = /^\?([aiLmsux]*)(?:-([imsx]+))?:/.exec(rest)
  if (scoped === null) throw noRegex(reader, `unknown extension (${rest.slice(0, 2)}`)
  reader.at += scoped[0].length
  return scopedFlags(reader, withFlags(reader, scoped[1] as string, scoped[2] ?? ''))
}

/** `(?i:…)`: flags for a part. */
function scopedFlags(reader: PatternReader, flags: Flags): Part {
  if (flags.ignoreCase !== reader.flags.ignoreCase) throw unsupported(reader, 'the flag i for a part of the expression, (?i:…) or (?-i:…)')
  const outside = reader.flags
  reader.flags = flags
  const inner = closed(reader)
  reader.flags = outside
  return { ...inner, source: `(?:${inner.source})` }
}

function captured(reader: PatternReader, name: string | undefined, length: number): Part {
  reader.at += length
  const group = ++reader.groups
  if (name !== undefined) {
    if (!/^[\p{ID_Start}_]\p{ID_Continue}*$/u.test(name)) throw noRegex(reader, `bad character in group name ${show(name)}`)
    if (reader.names.has(name)) throw noRegex(reader, `redefinition of group name ${show(name)}`)
    reader.names.set(name, group)
  }
  reader.open.add(group)
  const inner = closed(reader)
  reader.open.delete(group)
  reader.certain = new Set([...reader.certain, group])
  return { ...inner, source: `(?<g${group}>${inner.source})` }
}

function lookaround(reader: PatternReader, open: '?=' | '?!' | '?<=' | '?<!'): Part {
  reader.at += open.length
  const before = reader.certain
  const behind = open.startsWith('?<')
  if (behind) reader.lookbehind++
  const inner = closed(reader)
  if (behind) {
    reader.lookbehind--
    if (inner.min !== inner.max) throw noRegex(reader, 'look-behind requires fixed-width pattern')
  }
  // Groups inside a negative lookaround have not matched after it; those inside a positive one keep their match.
  if (open.endsWith('!')) reader.certain = before
  return { source: `(?:(${open}${inner.source}))`, min: 0, max: 0 }
}

/** An atomic group, written as a lookahead, which does not backtrack, followed by a reference to what it captured. */
function atomic(reader: PatternReader, inner: Part): Part {
  if (reader.lookbehind > 0) throw unsupported(reader, 'an atomic group or possessive quantifier within a look-behind')
  const name = `a${++reader.atomic}`
  return { ...inner, source: `(?:(?=(?<${name}>${inner.source}))\\k<${name}>)` }
}

/** Alternatives and the parenthesis that closes them. Flags set within do not leave the group. */
function closed(reader: PatternReader): Part {
  const part = parseAlternatives(reader)
  if (reader.pattern[reader.at] !== ')') throw noRegex(reader, 'missing ), unterminated subpattern')
  reader.at++
  return part
}

interface Quantifier {
  readonly min: number
  readonly max: number
  readonly length: number
}

/** The quantifier that begins at `at`. `{` begins one only in the form `{m}`, `{m,}`, `{,n}`, `{,}` or `{m,n}`. */
function quantifierAt(reader: PatternReader, at: number): Quantifier | undefined {
  const character = reader.pattern[at]
  if (character === '*') return { min: 0, max: Number.POSITIVE_INFINITY, length: 1 }
  if (character === '+') return { min: 1, max: Number.POSITIVE_INFINITY, length: 1 }
  if (character === '?') return { min: 0, max: 1, length: 1 }
  const match = /^\{(\d*)(,?)(\d*)\}/.exec(reader.pattern.slice(at))
  if (match === null || match[0] === '{}') return undefined
  const [whole, low, comma, high] = match as unknown as readonly [string, string, string, string]
  const min = low === '' ? 0 : Number(low)
  const max = comma === '' ? min : high === '' ? Number.POSITIVE_INFINITY : Number(high)
  return { min, max, length: whole.length }
}

function parseQuantifier(reader: PatternReader, item: Part): Part {
  while (skipVerbose(reader));
  const quantifier = quantifierAt(reader, reader.at)
  if (quantifier === undefined) return item
  const { min, max, length } = quantifier
  if (item.kind === 'anchor') throw noRegex(reader, 'nothing to repeat')
  if (max < min) throw noRegex(reader, 'min repeat greater than max repeat')
  reader.at += length
  const count = max === Number.POSITIVE_INFINITY ? `{${min},}` : `{${min},${max}}`
  const suffix = reader.pattern[reader.at]
  if (suffix === '?' || suffix === '+') reader.at++
  const repeated: Part = {
    source: `(?:${item.source})${count}${suffix === '?' ? '?' : ''}`,
    min: item.min * min,
    max: item.max === 0 || max === 0 ? 0 : item.max * max,
    kind: 'repeated',
  }
  if (quantifierAt(reader, reader.at) !== undefined) throw noRegex(reader, 'multiple repeat')
  return suffix === '+' ? atomic(reader, repeated) : repeated
}
