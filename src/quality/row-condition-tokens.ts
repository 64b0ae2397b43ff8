/** Cuts the text of a row condition into tokens. */
import { MillwrightError, show } from '../core/errors'

/** A token and where it stands: `start` included, `end` not. */
export type ConditionToken = { readonly start: number; readonly end: number } & (
  | { readonly kind: 'name' | 'quoted-name' | 'text' | 'symbol'; readonly value: string }
  | { readonly kind: 'number'; readonly value: number }
)

const pattern =
  /\s+|(?<number>[+-]?(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\p{ID_Continue}.]))|(?<name>[\p{ID_Start}_]\p{ID_Continue}*)|`(?<quoted>[^`]+)`|(?<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?<symbol>==|!=|<=|>=|[<>()[\],.&|~])/uy

const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', '\\': '\\', '"': '"', "'": "'" }

/** The tokens of `text`, without white space. @throws Unsupported at the first character that begins none */
export function tokensOf(text: string): ConditionToken[] {
  const tokens: ConditionToken[] = []
  for (let start = 0; start < text.length; ) {
    pattern.lastIndex = start
    const match = pattern.exec(text)
    if (match === null) {
      throw new MillwrightError('Unsupported', `${show(text[start])} at ${start} of the \`row_condition\` ${show(text)} is not supported`, {
        hint: 'comparisons, in, not in, and, or, not, .isin([…]), .isnull() and .notnull() are',
      })
    }
    const end = start + match[0].length
    const { number, name, quoted, text: literal, symbol } = match.groups as Readonly<Record<string, string | undefined>>
    if (number !== undefined) tokens.push({ kind: 'number', value: Number(number.replaceAll('_', '')), start, end })
    else if (name !== undefined) tokens.push({ kind: 'name', value: name, start, end })
    else if (quoted !== undefined) tokens.push({ kind: 'quoted-name', value: quoted, start, end })
    else if (literal !== undefined) tokens.push({ kind: 'text', value: unescaped(literal.slice(1, -1), text), start, end })
    else if (symbol !== undefined) tokens.push({ kind: 'symbol', value: symbol, start, end })
    start = end
  }
  return tokens
}

/** Python's escapes in text; an escape that Python does not know stands for itself. */
function unescaped(literal: string, text: string): string {
  return literal.replace(/\\(.)/gsu, (whole, character: string) => {
    if (/[abfvxuUN0-7]/.test(character)) {
      throw new MillwrightError('Unsupported', `the escape ${show(whole)} in the \`row_condition\` ${show(text)} is not supported`)
    }
    return escapes[character] ?? whole
  })
}
