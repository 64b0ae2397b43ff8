/** Reads the subset of YAML that configuration files and PyYAML use; refuses the rest with the line it stands on. */
import { MillwrightError } from './errors'
import { MAX_YAML_DEPTH } from './yaml-emit'
import { blockScalar, coreScalar, isNull, plain, plainEnd, quoted, refuse, startsPlain, trimBlanks } from './yaml-scalar'
import { atLineStart, fail, isBlank, isEnd, type Source, skip } from './yaml-source'

/** Longest text read, in characters. */
const MAX_LENGTH = 16_777_216

/**
 * The value of a YAML document; plain scalars become null, boolean or number by the core schema of YAML 1.2.
 *
 * Read: block and flow mappings and sequences, plain, quoted, literal and folded scalars, comments, one `---`. An empty text
 * is null. Keys are strings; a key `__proto__` is dropped. Whole numbers beyond 2⁵³ lose digits (see {@link parseYamlStrings}).
 *
 * @param subject what is being read, for messages
 * @throws Unsupported for anchors, aliases, tags, merge keys, complex keys, directives, several documents;
 *   Corrupt for anything that is not YAML, duplicate keys, nesting beyond 64, more than 16 Mi characters. Both name the line.
 */
export function parseYaml(text: string, subject: string): unknown {
  return parse(text, subject, coreScalar)
}

/** As {@link parseYaml}, but every scalar stays the text it is; only a plain `null`, `~` or nothing is null. */
export function parseYamlStrings(text: string, subject: string): unknown {
  return parse(text, subject, (plainText) => (isNull(plainText) ? null : plainText))
}

function parse(text: string, subject: string, resolve: (plain: string) => unknown): unknown {
  if (text.length > MAX_LENGTH) {
    throw new MillwrightError('Corrupt', `${subject} must have at most ${MAX_LENGTH} characters, it has ${text.length}`)
  }
  const whole = { text: text.replace(/^\ufeff/, '').replace(/\r\n?/g, '\n'), subject, resolve, pos: 0, lineStart: 0, depth: 0 }
  const s = { ...whole, text: onlyDocument(whole) }
  const value = block(s, -1, 'start')
  skip(s, false)
  if (s.pos < s.text.length) fail(s, `unexpected ${JSON.stringify(s.text[s.pos])}`)
  return value
}

/** The text of the only document; its `---` is blanked out so that lines and columns keep their numbers. */
function onlyDocument(s: Source): string {
  const [first, second] = s.text.matchAll(/^(?:---|\.\.\.)(?=\s|$)/gm)
  if (first === undefined) return s.text
  const start = first[0] === '---' && isEmpty(s.text.slice(0, first.index)) ? first : undefined
  const end = start === undefined ? first : second
  if (end !== undefined && (end[0] === '---' || !isEmpty(s.text.slice(end.index + 3)))) {
    s.pos = end.index
    fail(s, 'directives and several documents are not read', 'Unsupported')
  }
  const body = s.text.slice(0, end?.index)
  return start === undefined ? body : `${body.slice(0, start.index)}   ${body.slice(start.index + 3)}`
}

/** Whether only white space and comments stand in `text`. */
function isEmpty(text: string): boolean {
  return text.replace(/#.*/g, '').trim() === ''
}

/** Reads the node that belongs to something at column `parent`: the document, a key before it, or the dash of an item. */
function block(s: Source, parent: number, place: 'start' | 'key' | 'item'): unknown {
  skip(s, false)
  const column = s.pos - s.lineStart
  const ownLine = atLineStart(s)
  const dash = isDash(s)
  if (s.pos >= s.text.length) return null
  if (ownLine && column <= parent && !(place === 'key' && dash && column === parent)) return null
  if (ownLine || place !== 'key') {
    if (dash) return deeper(s, () => sequence(s, column))
    if (keyEnd(s) >= 0) return deeper(s, () => mapping(s, column))
  } else if (dash) fail(s, 'a sequence must start on a line of its own')
  const character = s.text[s.pos]
  if (character === '[' || character === '{') return flow(s)
  if (character === '"' || character === "'") return quoted(s)
  if (character === '|' || character === '>') return blockScalar(s, parent)
  return s.resolve(plain(s, parent, false))
}

function isDash(s: Source): boolean {
  return s.text[s.pos] === '-' && isEnd(s.text[s.pos + 1])
}

function deeper<T>(s: Source, read: () => T): T {
  if (++s.depth > MAX_YAML_DEPTH) fail(s, `nested more than ${MAX_YAML_DEPTH} deep`)
  const value = read()
  s.depth--
  return value
}

function sequence(s: Source, column: number): unknown[] {
  const items: unknown[] = []
  do {
    s.pos++
    items.push(block(s, column, 'item'))
  } while (more(s, column) && isDash(s))
  return items
}

function mapping(s: Source, column: number): Record<string, unknown> {
  const map: Record<string, unknown> = {}
  const seen = new Set<string>()
  do {
    const end = keyEnd(s)
    const isPlain = startsPlain(s, false)
    if (end < 0 && !isPlain && '&*!?'.includes(s.text[s.pos] ?? ' ')) refuse(s)
    if (end < 0) fail(s, 'a key followed by ": " is missing')
    const key = isPlain ? trimBlanks(s.text.slice(s.pos, end), 0) : quoted(s)
    checkKey(s, key, seen, isPlain)
    s.pos = end + 1
    const value = block(s, column, 'key')
    if (key !== '__proto__') map[key] = value
  } while (more(s, column))
  return map
}

/** Whether another entry follows at `column`. */
function more(s: Source, column: number): boolean {
  skip(s, false)
  if (s.pos >= s.text.length) return false
  if (!atLineStart(s)) fail(s, `unexpected ${JSON.stringify(s.text[s.pos])} after a value`)
  if (s.pos - s.lineStart > column) fail(s, 'indented deeper than its neighbours')
  return s.pos - s.lineStart === column
}

/** Where the `:` of the key that starts here stands; −1 when no key starts here. */
function keyEnd(s: Source): number {
  const quote = s.text[s.pos]
  let end = s.pos + 1
  if (quote === '"' || quote === "'") {
    for (; s.text[end] !== quote; end++) {
      if (s.text[end] === undefined || s.text[end] === '\n') return -1
      if (s.text[end] === '\\' && quote === '"') end++
    }
    // A doubled single quote looks like two texts: the second is part of the first.
    while (quote === "'" && s.text[end + 1] === quote) {
      end += 2
      while (s.text[end] !== quote) if (s.text[end] === undefined || s.text[end++] === '\n') return -1
    }
    end++
    while (isBlank(s.text[end])) end++
  } else if (startsPlain(s, false)) end = plainEnd(s, s.pos, false)
  else return -1
  return s.text[end] === ':' && isEnd(s.text[end + 1]) ? end : -1
}

function checkKey(s: Source, key: string, seen: Set<string>, isPlain: boolean): void {
  if (isPlain && key === '<<') fail(s, 'merge keys are not read', 'Unsupported')
  if (seen.has(key)) fail(s, `the key ${JSON.stringify(key)} appears twice`)
  seen.add(key)
}

function flow(s: Source): unknown {
  return deeper(s, () => (s.text[s.pos] === '[' ? flowSequence(s) : flowMapping(s)))
}

function flowSequence(s: Source): unknown[] {
  const items: unknown[] = []
  while (flowMore(s, ']', items.length === 0)) {
    items.push(flowNode(s))
    skip(s, true)
    if (s.text[s.pos] === ':') fail(s, 'a pair inside [ ] is not read', 'Unsupported')
  }
  return items
}

function flowMapping(s: Source): Record<string, unknown> {
  const map: Record<string, unknown> = {}
  const seen = new Set<string>()
  while (flowMore(s, '}', seen.size === 0)) {
    const isPlain = !'"\''.includes(s.text[s.pos] ?? '"')
    const key = isPlain ? plain(s, -1, true) : quoted(s)
    checkKey(s, key, seen, isPlain)
    skip(s, true)
    let value: unknown = null
    if (s.text[s.pos] === ':') {
      s.pos++
      skip(s, true)
      if (!',}'.includes(s.text[s.pos] ?? ' ')) value = flowNode(s)
    }
    if (key !== '__proto__') map[key] = value
  }
  return map
}

/** Moves over the opening mark or the comma between entries; false past the closing mark. */
function flowMore(s: Source, close: string, first: boolean): boolean {
  skip(s, true)
  if (first) s.pos++
  else if (s.text[s.pos] === ',') s.pos++
  else if (s.text[s.pos] !== close) fail(s, `"," or "${close}" is missing`)
  skip(s, true)
  if (s.text[s.pos] !== close) return true
  s.pos++
  return false
}

function flowNode(s: Source): unknown {
  const character = s.text[s.pos]
  if (character === '[' || character === '{') return flow(s)
  if (character === '"' || character === "'") return quoted(s)
  return s.resolve(plain(s, -1, true))
}
