/** One wording for damage in what was stored: the file, the place in it, what was expected, what arrived. */
import { MillwrightError, show } from './errors'

/** Where in a document: member names and positions. */
export type DocumentPath = readonly PropertyKey[]

/**
 * The error for a stored document that is not what was written.
 *
 * @param subject the file: its key or name
 * @param path where in the document; empty for the document itself
 * @param expected as it reads after "must be "
 * @param found what stands there; `undefined` where nothing does
 *
 * @example
 * damaged('runs/r1/state.json', ['steps', 'load', 'status'], 'text', 5).message
 * // 'runs/r1/state.json is damaged: `steps.load.status` must be text, got 5'
 */
export function damaged(subject: string, path: DocumentPath, expected: string, found: unknown): MillwrightError {
  const place = path.length === 0 ? 'it' : `\`${pathText(path)}\``
  const arrived = found === undefined ? 'nothing' : show(found)
  return new MillwrightError('Corrupt', `${subject} is damaged: ${place} must be ${expected}, got ${arrived}`, {
    details: { subject, path: pathText(path), expected },
  })
}

/** The error for a document of a format that only a later release reads. */
export function laterFormat(subject: string, version: number, reads: number): MillwrightError {
  return new MillwrightError(
    'Unsupported',
    `${subject} has format version ${version}, which a later release of Millwright wrote; this release reads format version ${reads}`,
    { details: { subject, version, reads }, hint: 'update millwright' },
  )
}

/** `columns[3].counts`; names that are no plain words in quotes. */
function pathText(path: DocumentPath): string {
  return path
    .map((part) => (typeof part === 'number' ? `[${part}]` : /^[\w$-]+$/.test(String(part)) ? `.${String(part)}` : `[${show(part)}]`))
    .join('')
    .replace(/^\./, '')
}
