/** LightGBM's model files, which are text: a head, trees, and after them what training was given. */
import { MillwrightError, show } from '../../core/errors'

/** One section of `name=value` lines; names without `=` have an empty value. */
export type Section = ReadonlyMap<string, string>

/** A file cut into its sections. */
export interface ModelText {
  readonly head: Section
  readonly trees: readonly Section[]
  /** The JSON behind `pandas_categorical:`, if there is some. */
  readonly pandasCategorical: string | undefined
}

/** The error for a file that is damaged. */
export function damagedText(subject: string, what: string): MillwrightError {
  return new MillwrightError('Corrupt', `${subject} is damaged: ${what}`)
}

/** Cuts a file into sections. @throws Corrupt when it does not begin and end as LightGBM's do */
export function readModelText(text: string, subject: string): ModelText {
  const lines = text.split('\n')
  if (lines[0]?.trim() !== 'tree')
    throw damagedText(subject, `it must begin with a line "tree", got ${show((lines[0] ?? '').slice(0, 40))}`)
  const head = new Map<string, string>()
  const trees: Map<string, string>[] = []
  let at = 1
  for (; at < lines.length; at++) {
    const line = (lines[at] as string).trim()
    if (line === 'end of trees') break
    const cut = line.indexOf('=')
    const name = cut < 0 ? line : line.slice(0, cut)
    if (name === 'Tree') trees.push(new Map())
    if (name !== '') (trees.at(-1) ?? head).set(name, cut < 0 ? '' : line.slice(cut + 1))
  }
  if (at >= lines.length) throw damagedText(subject, 'the line "end of trees" is missing')
  const categorical = lines.slice(at).find((line) => line.startsWith('pandas_categorical:'))
  return { head, trees, pandasCategorical: categorical?.slice('pandas_categorical:'.length).trim() }
}

/** The numbers of a line. @param place the section, for messages. @throws Corrupt when there are not `count` of them */
export function numbersOf(section: Section, name: string, count: number, { subject, place }: TextPlace): Float64Array {
  const text = section.get(name)?.trim() ?? ''
  const parts = text === '' ? [] : text.split(' ')
  if (parts.length !== count) throw damagedText(subject, `\`${name}\` of ${place} must hold ${count} numbers, got ${parts.length}`)
  return Float64Array.from(parts, (part) => {
    const value = numberOf(part)
    if (value !== undefined) return value
    throw damagedText(subject, `\`${name}\` of ${place} must hold numbers, got ${show(part)}`)
  })
}

/** A whole number from 0 up to `most`. @throws Corrupt */
export function countOf(section: Section, name: string, most: number, { subject, place }: TextPlace): number {
  const text = section.get(name)?.trim()
  const value = Number(text)
  if (text !== undefined && /^\d+$/.test(text) && value <= most) return value
  throw damagedText(subject, `\`${name}\` of ${place} must be a whole number from 0 to ${most}, got ${show(text)}`)
}

/** Where in which file. */
export interface TextPlace {
  readonly subject: string
  readonly place: string
}

/** C++ writes `inf` and `nan`. */
function numberOf(text: string): number | undefined {
  const special = /^([+-]?)(inf|nan|infinity)$/i.exec(text)
  if (special !== null)
    return special[2]?.toLowerCase() === 'nan' ? Number.NaN : special[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
  const value = Number(text)
  return text !== '' && value === value ? value : undefined
}
