/** JSON as W&B writes it: with Python's `NaN` and `Infinity`, and with integers that JavaScript would round. */
import { parseJson } from '../../core/json'

/** A number as W&B spells it: `NaN`, `Infinity`, `-Infinity`. */
export function numberText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value)
}

/**
 * The text of a param as JSON: numbers, booleans, lists and objects unquoted, anything else as a string. The digits
 * are kept, so that nothing is rounded.
 */
export function paramJson(text: string): string {
  if (!/^(?:-?\d|true$|false$|\[|\{)/.test(text)) return JSON.stringify(text)
  try {
    // W&B's reader refuses numbers beyond the range of doubles.
    JSON.parse(text, (_key, value: unknown) => {
      if (typeof value === 'number' && !Number.isFinite(value)) throw new RangeError()
      return value
    })
    return text
  } catch {
    return JSON.stringify(text)
  }
}

/** The value of W&B's JSON. Members called `__proto__` are dropped. @throws Corrupt naming `subject` */
export function parseWandbJson(text: string, subject: string): unknown {
  if (!/NaN|Infinity/.test(text)) return parseJson(text, subject)
  // A string that does not occur in the text stands for NaN. Numbers beyond the range of doubles become infinite.
  let mark = 'NaN'
  while (text.includes(`"${mark}"`)) mark += '#'
  const plain = text.replace(/"(?:[^"\\]|\\.)*"|-?Infinity|NaN/g, (token) => {
    if (token.startsWith('"')) return token
    return token === 'NaN' ? `"${mark}"` : token.startsWith('-') ? '-1e999' : '1e999'
  })
  return withNaN(parseJson(plain, subject), mark)
}

function withNaN(value: unknown, mark: string): unknown {
  if (value === mark) return Number.NaN
  if (Array.isArray(value)) return value.map((item) => withNaN(item, mark))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, withNaN(member, mark)]))
}
