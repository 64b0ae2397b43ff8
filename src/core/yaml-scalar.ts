/** The scalars of YAML: plain, quoted, literal and folded. */
import { fail, fold, isBlank, isEnd, lineEnd, type Source } from './yaml-source'

/** Whether a plain scalar can start here. */
export function startsPlain(s: Source, flow: boolean): boolean {
  const character = s.text[s.pos]
  if (character === undefined || ',[]{}#&*!|>\'"%@`'.includes(character)) return false
  return !'-?:'.includes(character) || !isEnd(s.text[s.pos + 1], flow)
}

/** Where the plain text from `from` ends on its line: at `: `, ` #`, the line's end, in flow collections at their marks. */
export function plainEnd(s: Source, from: number, flow: boolean): number {
  const { text } = s
  let i = from
  for (; i < text.length; i++) {
    const character = text[i] as string
    if (character === '\n') break
    if (character === ':' && isEnd(text[i + 1], flow)) break
    if (character === '#' && isBlank(text[i - 1])) break
    if (flow && ',[]{}'.includes(character)) break
  }
  return i
}

/** The text of a plain scalar, its lines folded; further lines must stand deeper than column `parent`. */
export function plain(s: Source, parent: number, flow: boolean): string {
  if (!startsPlain(s, flow)) refuse(s)
  let out = ''
  for (;;) {
    const end = plainEnd(s, s.pos, flow)
    out += trimBlanks(s.text.slice(s.pos, end), 0)
    s.pos = end
    if (s.text[end] !== '\n') break
    const back = { pos: s.pos, lineStart: s.lineStart }
    const folded = fold(s)
    const next = s.text[s.pos]
    const ends = flow ? ',[]{}:'.includes(next ?? ',') : s.pos - s.lineStart <= parent
    if (next === undefined || next === '#' || ends) {
      Object.assign(s, back)
      return out
    }
    out += folded
  }
  if (!flow && s.text[s.pos] === ':') fail(s, 'a mapping cannot start here')
  return out
}

/** Throws for a character that no scalar starts with. */
export function refuse(s: Source): never {
  const character = s.text[s.pos]
  if (character !== undefined && '&*!?%'.includes(character)) {
    fail(s, 'anchors, aliases, tags, directives and complex keys are not read', 'Unsupported')
  }
  fail(s, character === undefined ? 'unexpected end' : `unexpected ${JSON.stringify(character)}`)
}

/** The text of a single- or double-quoted scalar; line breaks fold. */
export function quoted(s: Source): string {
  const quote = s.text[s.pos] as string
  const start = s.pos++
  let out = ''
  let kept = 0
  for (;;) {
    const character = s.text[s.pos]
    if (character === undefined) {
      s.pos = start
      fail(s, `the text quoted by ${quote} does not end`)
    }
    if (character === '\n') {
      out = trimBlanks(out, kept) + fold(s)
      kept = out.length
    } else if (character === '\\' && quote === '"') {
      out += escaped(s)
      kept = out.length
    } else {
      s.pos++
      if (character === quote && (quote === '"' || s.text[s.pos++] !== quote)) {
        if (quote === "'") s.pos--
        return out
      }
      out += character
    }
  }
}

/** `text` without the blanks at its end, of which the first `kept` characters stay. */
export function trimBlanks(text: string, kept: number): string {
  let end = text.length
  while (end > kept && isBlank(text[end - 1])) end--
  return text.slice(0, end)
}

const escapes: Readonly<Record<string, string>> = {
  0: '\0',
  a: '\x07',
  b: '\b',
  t: '\t',
  '\t': '\t',
  n: '\n',
  v: '\v',
  f: '\f',
  r: '\r',
  e: '\x1b',
  ' ': ' ',
  '"': '"',
  '/': '/',
  '\\': '\\',
  N: '\x85',
  _: '\xa0',
  L: '\u2028',
  P: '\u2029',
}

/** The value of an escape in double quotes. */
function escaped(s: Source): string {
  const letter = s.text[s.pos + 1] ?? ''
  if (letter === '\n') {
    s.pos++
    const folded = fold(s)
    return folded === ' ' ? '' : folded
  }
  const digits = letter === 'x' ? 2 : letter === 'u' ? 4 : letter === 'U' ? 8 : 0
  if (digits > 0) {
    const hex = s.text.slice(s.pos + 2, s.pos + 2 + digits)
    const code = /^[\da-f]+$/i.test(hex) && hex.length === digits ? Number.parseInt(hex, 16) : -1
    if (code < 0 || code > 0x10ffff) fail(s, `\\${letter} must be followed by ${digits} hexadecimal digits of a character`)
    s.pos += 2 + digits
    return digits === 4 ? String.fromCharCode(code) : String.fromCodePoint(code)
  }
  if (!Object.hasOwn(escapes, letter)) fail(s, `\\${letter} is not an escape`)
  s.pos += 2
  return escapes[letter] as string
}

/** The text of a literal `|` or folded `>` scalar below column `parent`; leaves the reader at the start of a line. */
export function blockScalar(s: Source, parent: number): string {
  const headEnd = lineEnd(s, s.pos)
  const head = /^([|>])(?:([+-])?([1-9])?|([1-9])([+-]))(?:[ \t]+#.*|[ \t]*)$/.exec(s.text.slice(s.pos, headEnd))
  if (head === null) fail(s, 'a block scalar has | or >, an indent, + or -, and nothing else on its line')
  const folds = head[1] === '>'
  const chomp = head[2] ?? head[5]
  const digit = head[3] ?? head[4]
  let indent = digit === undefined ? -1 : Math.max(parent, 0) + Number(digit)
  let out = ''
  let begun = false
  let deeper = false
  let empty = 0
  s.pos = headEnd + 1
  while (s.pos < s.text.length) {
    const end = lineEnd(s, s.pos)
    const limit = indent < 0 ? end : Math.min(end, s.pos + indent)
    let from = s.pos
    while (from < limit && s.text[from] === ' ') from++
    if (from === end) empty += end < s.text.length ? 1 : 0
    else {
      if (indent < 0) indent = Math.max(from - s.pos, parent + 1)
      if (from - s.pos < indent) break
      const wasDeeper = deeper
      deeper = isBlank(s.text[from])
      if (!folds || deeper || wasDeeper || !begun) out += '\n'.repeat(begun ? empty + 1 : empty)
      else out += empty === 0 ? ' ' : '\n'.repeat(empty)
      out += s.text.slice(from, end)
      begun = true
      empty = 0
    }
    s.pos = end + 1
  }
  s.pos = Math.min(s.pos, s.text.length)
  s.lineStart = s.pos
  if (chomp === '+') return out + '\n'.repeat(begun ? empty + 1 : empty)
  return begun && chomp === undefined ? `${out}\n` : out
}

/** Whether plain text is null in the core schema. */
export function isNull(text: string): boolean {
  return /^(?:~|null|Null|NULL)?$/.test(text)
}

/** The value of plain text by the core schema of YAML 1.2. */
export function coreScalar(text: string): unknown {
  if (isNull(text)) return null
  if (/^(?:true|True|TRUE)$/.test(text)) return true
  if (/^(?:false|False|FALSE)$/.test(text)) return false
  if (/^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?$|^0(?:o[0-7]+|x[\da-fA-F]+)$/.test(text)) return Number(text)
  if (/^[-+]?\.(?:inf|Inf|INF)$/.test(text)) return text[0] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
  return /^\.(?:nan|NaN|NAN)$/.test(text) ? Number.NaN : text
}
