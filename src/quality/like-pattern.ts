/** SQL's LIKE patterns as regular expressions. */
import { invalidArgument, show } from '../core/errors'

/**
 * A LIKE pattern: `%` stands for any text, `_` for any one character, all else for itself. The whole text must match, with the case of
 * letters, as in PostgreSQL and standard SQL (SQLite and MySQL do not tell case by default).
 *
 * @param escapeWith a character that takes the meaning from the wildcard after it
 * @throws InvalidArgument when the escape character is not one character, or nothing that can be escaped follows it
 */
export function likeRegex(pattern: string, escapeWith?: string): RegExp {
  if (escapeWith !== undefined && [...escapeWith].length !== 1)
    throw invalidArgument(`\`escape\` must be one character, got ${show(escapeWith)}`)
  let source = ''
  const characters = [...pattern]
  for (let i = 0; i < characters.length; i++) {
    const character = characters[i] as string
    if (character === escapeWith) {
      const next = characters[++i]
      if (next !== '%' && next !== '_' && next !== escapeWith) {
        throw invalidArgument(`in the LIKE pattern ${show(pattern)}, ${show(escapeWith)} must be followed by %, _ or itself`)
      }
      source += literal(next)
    } else source += character === '%' ? '.*' : character === '_' ? '.' : literal(character)
  }
  return new RegExp(`^${source}$`, 'su')
}

function literal(character: string): string {
  return /[\^$\\.*+?()[\]{}|/]/.test(character) ? `\\${character}` : character
}
