/** One sample line of OpenMetrics: `name{label="value"} 1.5 1700000000 # {trace_id="x"} 1.2`. */

/** A value beside a counter's total or a bucket. */
export interface Exemplar {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
  /** Seconds. */
  readonly timestamp?: number | undefined
}

/** A sample as it stands in the text. */
export interface ParsedSample {
  /** With its suffix: `a_total`, `a_bucket`. */
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
  /** Seconds. */
  readonly timestamp?: number | undefined
  readonly exemplar?: Exemplar | undefined
}

/** Why a text is not OpenMetrics. The caller adds the number of the line. */
export class Flaw extends Error {}

const maxExemplarCharacters = 128

/** Parses a line. @throws Flaw */
export function parseSample(line: string): ParsedSample {
  const name = /^[a-zA-Z_:][a-zA-Z0-9_:]*/.exec(line)?.[0]
  if (name === undefined) throw new Flaw('a line must begin with the name of a metric')
  const { labels, end } = line[name.length] === '{' ? readLabels(line, name.length) : { labels: {}, end: name.length }
  const rest = line.slice(end)
  const mark = rest.indexOf(' # ')
  const own = mark < 0 ? rest : rest.slice(0, mark)
  const [value, timestamp] = readNumbers(own, 'a sample')
  const sample = { name, labels, value, ...(timestamp === undefined ? {} : { timestamp }) }
  return mark < 0 ? sample : { ...sample, exemplar: readExemplar(rest.slice(mark + 3)) }
}

function readExemplar(text: string): Exemplar {
  if (text[0] !== '{') throw new Flaw('an exemplar must begin with its labels')
  const { labels, end } = readLabels(text, 0)
  const length = Object.entries(labels).reduce((sum, [name, value]) => sum + [...name].length + [...value].length, 0)
  if (length > maxExemplarCharacters)
    throw new Flaw(`the labels of an exemplar may have ${maxExemplarCharacters} characters, got ${length}`)
  const [value, timestamp] = readNumbers(text.slice(end), 'an exemplar')
  return { labels, value, ...(timestamp === undefined ? {} : { timestamp }) }
}

/** A value and perhaps a timestamp, each after one space. */
function readNumbers(text: string, of: string): readonly [number, number | undefined] {
  const parts = text.split(' ')
  if (parts[0] !== '' || parts.length < 2 || parts.length > 3)
    throw new Flaw(`${of} needs a value, and at most a timestamp, after one space each`)
  const value = readNumber(parts[1] as string)
  if (value === undefined) throw new Flaw(`the value of ${of} must be a decimal number, NaN, +Inf or -Inf, got ${JSON.stringify(parts[1])}`)
  if (parts.length === 2) return [value, undefined]
  const timestamp = readNumber(parts[2] as string)
  if (timestamp === undefined || !Number.isFinite(timestamp))
    throw new Flaw(`a timestamp must be a number of seconds, got ${JSON.stringify(parts[2])}`)
  return [value, timestamp]
}

/** A number as OpenMetrics spells it; `undefined` for anything else. */
export function readNumber(text: string): number | undefined {
  if (/^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/.test(text)) return Number(text)
  if (/^nan$/i.test(text)) return Number.NaN
  const infinite = /^([+-]?)inf(?:inity)?$/i.exec(text)
  if (infinite === null) return undefined
  return infinite[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
}

/** Labels from the brace at `start`; `end` is behind the closing one. */
function readLabels(text: string, start: number): { readonly labels: Readonly<Record<string, string>>; readonly end: number } {
  const labels: [string, string][] = []
  let at = start + 1
  while (text[at] !== '}') {
    if (labels.length > 0) {
      if (text[at] !== ',') throw new Flaw('labels must be separated by one comma')
      at++
    }
    const pair = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\.)*)"/.exec(text.slice(at))
    if (pair === null) throw new Flaw('a label must be a name, an equals sign and a value in double quotes')
    const [whole, name = '', value = ''] = pair
    if (labels.some(([other]) => other === name)) throw new Flaw(`the label ${JSON.stringify(name)} occurs twice`)
    labels.push([name, unescaped(value)])
    at += whole.length
  }
  return { labels: Object.fromEntries(labels), end: at + 1 }
}

/** `\\`, `\"` and `\n` stand for a character; another backslash stands for itself. */
export function unescaped(text: string): string {
  return text.replace(/\\([\\"n])/g, (_, c: string) => (c === 'n' ? '\n' : c))
}
