/** How near two words are in spelling: hints for mistyped words, and names that are a known name misspelt. */

/** The nearest of `known` to `word` when it is near enough to be meant (a third of its letters may differ), else undefined. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  let best: string | undefined
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1
  for (const candidate of known) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase())
    if (distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

/**
 * Whether `name` is surely `known` misspelt, so that taking it for another name would be the greater mistake.
 *
 * It is when both are equal but for case, spaces and punctuation, or when each word of them differs by one letter at most
 * (two in words of eight letters or more; none in words of one or two). Names that differ in a digit, such as `lag_1` and `lag_2`, or
 * in a whole word, such as `dep_delay` and `arr_delay`, are different names.
 */
export function isMisspelling(name: string, known: string): boolean {
  if (name === known || name.length > 64 || known.length > 64) return false
  const plain = plainName(name)
  const plainKnown = plainName(known)
  if (plain === plainKnown) return plain !== ''
  if (digitsOf(name) !== digitsOf(known) || Math.abs(plain.length - plainKnown.length) > 2) return false
  const words = wordsOf(name)
  const knownWords = wordsOf(known)
  if (words.length === knownWords.length) return words.every((word, i) => isNearWord(word, knownWords[i] as string))
  // A separator is missing or added: only long names are told apart by the rest.
  return plainKnown.length >= 6 && editDistance(plain, plainKnown) <= 1
}

function isNearWord(a: string, b: string): boolean {
  const length = Math.max(a.length, b.length)
  return a === b || (length > 2 && editDistance(a, b) <= (length < 8 ? 1 : 2))
}

/** A name without case, spaces and punctuation. */
function plainName(name: string): string {
  return name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '')
}

function digitsOf(name: string): string {
  return name.replace(/\P{N}+/gu, '')
}

/** The words of a name in lower case, divided at punctuation and at capitals: `depDelay` has two. */
function wordsOf(name: string): string[] {
  return (name.replace(/(\p{Ll})(\p{Lu})/gu, '$1 $2').match(/[\p{L}\p{N}]+/gu) ?? []).map((word) => word.toLowerCase())
}

/** Levenshtein distance with swaps of neighbours as one step; texts are cut at 64 characters. */
function editDistance(a: string, b: string): number {
  const from = a.slice(0, 64)
  const to = b.slice(0, 64)
  const rows = [Array.from({ length: to.length + 1 }, (_, j) => j)]
  for (let i = 1; i <= from.length; i++) {
    const row = [i]
    const above = rows[i - 1] as number[]
    for (let j = 1; j <= to.length; j++) {
      const cost = from[i - 1] === to[j - 1] ? 0 : 1
      let least = Math.min((above[j] as number) + 1, (row[j - 1] as number) + 1, (above[j - 1] as number) + cost)
      if (i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]) {
        least = Math.min(least, ((rows[i - 2] as number[])[j - 2] as number) + 1)
      }
      row.push(least)
    }
    rows.push(row)
  }
  return (rows[from.length] as number[])[to.length] as number
}
