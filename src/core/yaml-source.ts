/** The text being read as YAML, and the steps over it that every part of the reader takes. */
import { MillwrightError } from './errors'

/** Where the reader stands. Columns are counted from `lineStart`. */
export interface Source {
  readonly text: string
  /** What is being read, for messages. */
  readonly subject: string
  /** The value of a plain scalar. */
  readonly resolve: (plain: string) => unknown
  pos: number
  lineStart: number
  depth: number
}

/** Throws with the number of the line the reader stands on. */
export function fail(s: Source, problem: string, code: 'Corrupt' | 'Unsupported' = 'Corrupt'): never {
  let line = 1
  for (let i = s.text.indexOf('\n'); i >= 0 && i < s.pos; i = s.text.indexOf('\n', i + 1)) line++
  const what = code === 'Corrupt' ? 'is not valid YAML' : 'uses YAML that is not supported'
  throw new MillwrightError(code, `${s.subject} ${what}: line ${line}: ${problem}`, { details: { line } })
}

/** A space or a tab. */
export function isBlank(character: string | undefined): boolean {
  return character === ' ' || character === '\t'
}

/** Whether `character` ends a token: white space or the end of the text; in flow collections also their marks. */
export function isEnd(character: string | undefined, flow = false): boolean {
  return character === undefined || character === '\n' || isBlank(character) || (flow && ',[]{}'.includes(character))
}

/** Moves over white space, line breaks and comments to the next token. */
export function skip(s: Source, flow: boolean): void {
  let tab = -1
  for (; s.pos < s.text.length; s.pos++) {
    const character = s.text[s.pos]
    if (character === '\n') s.lineStart = s.pos + 1
    else if (character === '\t') tab = s.pos
    else if (character === '#' && (s.pos === 0 || isEnd(s.text[s.pos - 1]))) {
      const end = s.text.indexOf('\n', s.pos)
      s.pos = (end < 0 ? s.text.length : end) - 1
    } else if (character !== ' ') break
  }
  if (!flow && tab >= s.lineStart && s.pos < s.text.length && atLineStart(s)) fail(s, 'a tab is used to indent')
}

/** Whether only white space stands before the reader on its line. */
export function atLineStart(s: Source): boolean {
  for (let i = s.lineStart; i < s.pos; i++) if (!isBlank(s.text[i])) return false
  return true
}

/** Where the line that holds `from` ends. */
export function lineEnd(s: Source, from: number): number {
  const end = s.text.indexOf('\n', from)
  return end < 0 ? s.text.length : end
}

/** Moves from a line break over empty lines to the next text; gives what the breaks fold to. */
export function fold(s: Source): string {
  let breaks = 0
  while (s.text[s.pos] === '\n') {
    breaks++
    s.lineStart = ++s.pos
    while (isBlank(s.text[s.pos])) s.pos++
  }
  return breaks === 1 ? ' ' : '\n'.repeat(breaks - 1)
}
