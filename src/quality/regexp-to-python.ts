/** A JavaScript `RegExp` as text for a suite, whose regular expressions are Python's. */
import { invalidArgument, show } from '../core/errors'
import { pythonRegex } from './python-regex'

/** White space as JavaScript's `\s` knows it, to stand in a class. */
const SPACES = '\\t-\\r \\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000\\ufeff'

const tokens =
  /\\u\{(?<wide>[\da-f]+)\}|\\c(?<control>[A-Za-z])|\\k<(?<reference>[^>]+)>|\(\?<(?<name>[^=!>][^>]*)>|\\(?<escaped>[\s\S])|\[\^?\]|(?<plain>[\s\S])/giu

/**
 * The regular expression in Python's syntax, with the meaning it has in JavaScript: `\w`, `\d` and `\b` know ASCII only (`(?a)`), `$` is the
 * very end (`\Z`). The flags i and s become inline flags; g, d and u say nothing here.
 *
 * @throws InvalidArgument for the flags m, v and y, and for what Python lacks, such as `\p{…}`
 */
export function regexpToPython(regex: RegExp): string {
  if (/[mvy]/.test(regex.flags)) {
    throw invalidArgument(`a suite cannot carry the flags m, v and y of a regular expression, got ${show(String(regex))}`)
  }
  let inClass = false
  let ascii = false
  let source = ''
  for (const { 0: whole, groups } of regex.source.matchAll(tokens)) {
    const { wide, control, reference, name, escaped } = groups as Readonly<Record<string, string | undefined>>
    if (escaped !== undefined && 'pP'.includes(escaped) && /u/.test(regex.flags)) {
      throw invalidArgument(`Python's regular expressions have no ${show(whole)}, got ${show(String(regex))}`)
    }
    if (escaped !== undefined && 'wWdDbB'.includes(escaped)) ascii = true
    if (wide !== undefined) source += `\\U${wide.padStart(8, '0')}`
    else if (control !== undefined) source += `\\x${(control.toUpperCase().charCodeAt(0) - 64).toString(16).padStart(2, '0')}`
    else if (escaped === 's') source += inClass ? SPACES : `[${SPACES}]`
    else if (escaped === 'S' && !inClass) source += `[^${SPACES}]`
    else if (escaped === 'S') throw invalidArgument(`a suite cannot carry \\S within a class, got ${show(String(regex))}`)
    else if (inClass) source += whole
    else if (reference !== undefined) source += `(?P=${reference})`
    else if (name !== undefined) source += `(?P<${name}>`
    else if (whole === '[^]') source += '[\\x00-\\U0010ffff]'
    else if (whole === '[]') source += '(?!)'
    else if (whole === '$') source += '\\Z'
    else if (whole === '.' && !regex.dotAll) source += '[^\\n\\r\\u2028\\u2029]'
    else source += whole
    if (whole === '[') inClass = true
    else if (whole === ']') inClass = false
  }
  const flags = `${ascii ? 'a' : ''}${regex.ignoreCase ? 'i' : ''}${regex.dotAll ? 's' : ''}`
  const pattern = `${flags === '' ? '' : `(?${flags})`}${source}`
  // Whether Python takes it is known here already.
  pythonRegex(pattern)
  return pattern
}
