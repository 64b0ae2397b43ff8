/** Whether text is a time in a format of Python's `datetime.strptime` (CPython 3.11, C locale). */
import { MillwrightError, show } from '../core/errors'
import { daysFromCivil } from '../schema/coerce'
import { pythonRegex } from './python-regex'

const months = ['january', 'february', 'march', 'april', 'may', 'june', 'july', 'august', 'september', 'october', 'november', 'december']
const weekdays = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday']

/** Each directive as a pattern of Python's `re`, with the values that CPython takes. */
const directives: Readonly<Record<string, string>> = {
  d: '(?P<d>3[0-1]|[1-2]\\d|0[1-9]|[1-9]| [1-9])',
  f: '(?P<f>[0-9]{1,6})',
  H: '(?P<H>2[0-3]|[0-1]\\d|\\d)',
  I: '(?P<I>1[0-2]|0[1-9]|[1-9])',
  j: '(?P<j>36[0-6]|3[0-5]\\d|[1-2]\\d\\d|0[1-9]\\d|00[1-9]|[1-9]\\d|0[1-9]|[1-9])',
  m: '(?P<m>1[0-2]|0[1-9]|[1-9])',
  M: '(?P<M>[0-5]\\d|\\d)',
  S: '(?P<S>6[0-1]|[0-5]\\d|\\d)',
  w: '(?P<w>[0-6])',
  u: '(?P<u>[1-7])',
  y: '(?P<y>\\d\\d)',
  Y: '(?P<Y>\\d\\d\\d\\d)',
  z: '(?P<z>[+-]\\d\\d:?[0-5]\\d(?::?[0-5]\\d(?:\\.\\d{1,6})?)?|[zZ])',
  A: `(?P<A>${byLength(weekdays)})`,
  a: `(?P<a>${weekdays.map((name) => name.slice(0, 3)).join('|')})`,
  B: `(?P<B>${byLength(months)})`,
  b: `(?P<b>${months.map((name) => name.slice(0, 3)).join('|')})`,
  p: '(?P<p>am|pm)',
  Z: '(?P<Z>utc|gmt)',
  '%': '%',
}

/** Directives that stand for several. */
const shorthands: Readonly<Record<string, string>> = { c: '%a %b %d %H:%M:%S %Y', x: '%m/%d/%y', X: '%H:%M:%S' }

/**
 * A test whether text can be read by a format.
 *
 * @throws Unsupported on a directive that is not known here (week numbers are not: %G %V %U %W)
 */
export function pythonTime(format: string): (text: string) => boolean {
  const { pattern, names } = readFormat(format)
  const regex = pythonRegex(`(?i)\\A${pattern}`)
  return (text) => {
    const match = regex.exec(text)
    // CPython takes the first way in which the pattern matches, and then looks whether text is left over.
    if (match === null || match[0].length < text.length) return false
    return isTime(Object.fromEntries(names.map((name, i) => [name, match[i + 1]])))
  }
}

/** The pattern of a format, and the directives in it that hold a value, in order. */
function readFormat(format: string): { readonly pattern: string; readonly names: readonly string[] } {
  const whole = format.replace(/%([cxX])/g, (_, name: string) => shorthands[name] as string)
  const names: string[] = []
  let pattern = ''
  for (let i = 0; i < whole.length; i++) {
    const character = whole[i] as string
    if (character === '%') {
      const name = whole[++i] ?? ''
      const directive = Object.hasOwn(directives, name) ? directives[name] : undefined
      if (directive === undefined) {
        const known = Object.keys({ ...directives, ...shorthands }).join(' %')
        throw new MillwrightError('Unsupported', `%${name} in the format ${show(format)} is not supported; there are %${known}`)
      }
      pattern += directive
      if (name !== '%') names.push(name)
    } else if (/\s/.test(character)) {
      if (!/\s/.test(whole[i - 1] ?? '')) pattern += '\\s+'
    } else pattern += /[\\.^$*+?(){}[\]|]/.test(character) ? `\\${character}` : character
  }
  return { pattern, names }
}

/** Whether the parts make a time that exists. */
function isTime(parts: Readonly<Record<string, string | undefined>>): boolean {
  const { y, Y, m, B, b, d, j, S, z } = parts
  if (S !== undefined && Number(S) > 59) return false
  if (z !== undefined && !isOffset(z)) return false
  const year = Y !== undefined ? Number(Y) : y === undefined ? undefined : Number(y) + (Number(y) <= 68 ? 2000 : 1900)
  if (year === 0) return false
  if (j !== undefined) return true
  const month = m !== undefined ? Number(m) : monthOf(B ?? b)
  // Without a year, the 29th of February is a day.
  return daysFromCivil(year ?? 1904, month, Number(d ?? 1)) !== undefined
}

function monthOf(name: string | undefined): number {
  return name === undefined ? 1 : months.findIndex((month) => month.startsWith(name.toLowerCase().slice(0, 3))) + 1
}

/** `+0930`, `+09:30`, `+09:30:15.5`; colons are everywhere or nowhere. Only an upper-case Z stands for UTC. */
function isOffset(text: string): boolean {
  if (text.length === 1) return text === 'Z'
  return text[3] === ':' ? text.length <= 6 || text[6] === ':' : !text.includes(':')
}

function byLength(names: readonly string[]): string {
  return [...names].sort((a, b) => b.length - a.length).join('|')
}
