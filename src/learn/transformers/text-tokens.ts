/** Cuts a text into words or characters and their n-grams, as scikit-learn's text vectorizers. */

/** How a text is cut. */
export interface Analyzer {
  /** `word`: words of two characters or more; `char`: characters; `charWb`: characters within words, a space around each. */
  readonly analyzer: 'word' | 'char' | 'charWb'
  /** The fewest and the most parts of an n-gram. */
  readonly ngramRange: readonly [min: number, max: number]
  readonly lowercase: boolean
  /** Words left out; only of `word`. */
  readonly stopWords: readonly string[]
}

/** Letters, digits and the underscore, as `\w` of Python's text patterns; at least two of them. */
const WORD = /[\p{L}\p{N}_]{2,}/gu
/** White space as Python's `\s` and `str.split()` know it. */
const SPACE = '[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]'

/** A function that gives the n-grams of a text; every occurrence counts. */
export function analyzerOf({ analyzer, ngramRange, lowercase, stopWords }: Analyzer): (text: string) => string[] {
  const [least, most] = ngramRange
  const prepared = (text: string): string => (lowercase ? text.toLowerCase() : text)
  if (analyzer === 'word') {
    const left = new Set(stopWords)
    return (text) =>
      ngrams(
        (prepared(text).match(WORD) ?? []).filter((word) => !left.has(word)),
        [least, most],
        ' ',
      )
  }
  const spaces = new RegExp(`${SPACE}${SPACE}+`, 'g')
  if (analyzer === 'char') return (text) => ngrams(Array.from(prepared(text).replace(spaces, ' ')), [least, most], '')
  const space = new RegExp(`${SPACE}+`)
  return (text) =>
    prepared(text)
      .split(space)
      .filter((word) => word !== '')
      .flatMap((word) => paddedNgrams(Array.from(` ${word} `), [least, most]))
}

function ngrams(parts: readonly string[], [least, most]: readonly [number, number], separator: string): string[] {
  const found: string[] = []
  for (let n = least; n <= Math.min(most, parts.length); n++) {
    for (let i = 0; i + n <= parts.length; i++) found.push(parts.slice(i, i + n).join(separator))
  }
  return found
}

/** Of a word with its spaces; one that is shorter than n counts once, as a whole. */
function paddedNgrams(characters: readonly string[], [least, most]: readonly [number, number]): string[] {
  const found: string[] = []
  for (let n = least; n <= most; n++) {
    if (n >= characters.length) return [...found, characters.join('')]
    for (let i = 0; i + n <= characters.length; i++) found.push(characters.slice(i, i + n).join(''))
  }
  return found
}
