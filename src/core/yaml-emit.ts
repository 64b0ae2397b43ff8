/** Writes YAML that readers of 1.1 (PyYAML) and of 1.2 understand alike. */
import { invalidArgument, show } from './errors'
import type { Json } from './json'

/** Deepest nesting written or read. */
export const MAX_YAML_DEPTH = 64

/**
 * YAML text in block style, keys in insertion order, `undefined` members left out, ending in a newline.
 *
 * Sequences stand at the indent of their key, as PyYAML writes them. A string is quoted wherever YAML 1.1 or 1.2 would read
 * another type: `yes`, `1_000`, `12:30`, `0o7`, dates, digits. Floats carry a dot (`1.0e-07`), which YAML 1.1 needs.
 * Empty collections are `[]` and `{}`; text is UTF-8, never folded over lines.
 *
 * @throws InvalidArgument for values that are not JSON, keys of more than 1,000 characters (1.1 readers refuse them), nesting beyond 64
 */
export function toYaml(value: Json): string {
  return `${block(value, '', 0)}\n`
}

/** The text of `value`, its first line without indent; further lines start with `pad`. */
function block(value: unknown, pad: string, depth: number): string {
  if (depth > MAX_YAML_DEPTH) throw invalidArgument(`a value for YAML must nest at most ${MAX_YAML_DEPTH} deep`)
  if (Array.isArray(value)) {
    return value.length === 0 ? '[]' : value.map((item) => `- ${block(item ?? null, `${pad}  `, depth + 1)}`).join(`\n${pad}`)
  }
  if (typeof value !== 'object' || value === null) return scalar(value)
  if (Object.getPrototypeOf(value) !== Object.prototype && Object.getPrototypeOf(value) !== null) return scalar(value)
  const entries = Object.entries(value).filter(([, member]) => member !== undefined)
  if (entries.length === 0) return '{}'
  return entries.map(([key, member]) => `${keyText(key)}:${child(member, pad, depth + 1)}`).join(`\n${pad}`)
}

function child(value: unknown, pad: string, depth: number): string {
  const inner = Array.isArray(value) ? pad : `${pad}  `
  const text = block(value, inner, depth)
  const nested = typeof value === 'object' && value !== null && text !== '[]' && text !== '{}'
  return nested ? `\n${inner}${text}` : ` ${text}`
}

function keyText(key: string): string {
  if (key.length > 1000) throw invalidArgument(`a key for YAML must have at most 1,000 characters, got ${key.length}`)
  return stringText(key)
}

function scalar(value: unknown): string {
  if (typeof value === 'string') return stringText(value)
  if (typeof value === 'number') return numberText(value)
  if (value === null || typeof value === 'boolean') return String(value)
  throw invalidArgument(`a value for YAML must be JSON, got ${show(value)}`)
}

function numberText(value: number): string {
  if (Number.isNaN(value)) return '.nan'
  if (!Number.isFinite(value)) return value > 0 ? '.inf' : '-.inf'
  if (Object.is(value, -0)) return '-0.0'
  const [digits = '', exponent] = String(value).split('e')
  if (exponent === undefined) return digits
  return `${digits.includes('.') ? digits : `${digits}.0`}e${exponent[0]}${exponent.slice(1).padStart(2, '0')}`
}

/** Characters that only double quotes can carry: control characters, line separators, byte order mark, non-characters, lone surrogates. */
const special =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is escaped
  /[\u0000-\u001f\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/

/** Words and shapes that a reader of 1.1 or 1.2 takes for something else than text. */
const otherType = /^(?:~|null|true|false|yes|no|on|off|y|n|<<|=|[-+.]?[.\d][\w.:+-]*|\d{4}-\d\d?-\d\d?[Tt \t].*)$/i

function stringText(text: string): string {
  if (special.test(text)) {
    return JSON.stringify(text).replace(/[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g, (character) => {
      return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
    })
  }
  const plain = text !== '' && !otherType.test(text) && !/^[-?:,[\]{}#&*!|>'"%@` ]/.test(text) && !/: | #/.test(text) && !/[: ]$/.test(text)
  return plain ? text : `'${text.replaceAll("'", "''")}'`
}
