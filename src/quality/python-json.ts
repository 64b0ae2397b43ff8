/** JSON as Python's `json.loads` takes it. */

/** A string, or a word that Python's reader takes and JSON does not have. */
const stringOrConstant = /"(?:[^"\\]|\\.)*"|-?Infinity|NaN/gs

/**
 * The value of JSON text. As in Python, `NaN`, `Infinity` and `-Infinity` are numbers.
 *
 * @throws SyntaxError on text that is not JSON
 */
export function pythonJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    // Only a text with such a word is worth a second look; where the word stands must be right, so it is replaced by a number.
    if (!/NaN|Infinity/.test(text)) throw error
    return JSON.parse(text.replace(stringOrConstant, (part) => (part.startsWith('"') ? part : '0')))
  }
}
