/** Numbers with a decimal comma or with marks between thousands: which notation a column is written in. */
import { isInt32 } from '../../schema/coerce'

/** How the numbers of a column are written. */
export interface NumberNotation {
  readonly decimal: '.' | ','
  /** What stands between groups of three digits; `''` for nothing, `' '` also for the two no-break spaces, `"'"` also for `’`. */
  readonly thousands: '' | ',' | '.' | ' ' | "'"
}

/** Every notation that is understood. */
export const numberNotations: readonly NumberNotation[] = [
  { decimal: '.', thousands: '' },
  { decimal: ',', thousands: '' },
  { decimal: '.', thousands: ',' },
  { decimal: ',', thousands: '.' },
  { decimal: '.', thousands: ' ' },
  { decimal: ',', thousands: ' ' },
  { decimal: '.', thousands: "'" },
  { decimal: ',', thousands: "'" },
]

/** A text as a number of one notation. */
export interface NotedNumber {
  readonly value: number
  /** No fraction and no exponent were written. */
  readonly isWhole: boolean
  /** Marks between thousands were written. */
  readonly isGrouped: boolean
}

/** A reader of texts in a notation; it gives `undefined` for what is no number in it, and for whole numbers beyond ±2⁵³. */
export function notationReader({ decimal, thousands }: NumberNotation): (text: string) => NotedNumber | undefined {
  const group = { '': '', ',': ',', '.': '\\.', ' ': '[ \\u00a0\\u202f]', "'": "['\\u2019]" }[thousands]
  const mark = decimal === '.' ? '\\.' : ','
  const grouped = group === '' ? '' : `|[1-9]\\d{0,2}(?:${group}\\d{3})+`
  const pattern = new RegExp(`^[+-]?(?:(0|[1-9]\\d*${grouped})(${mark}\\d+)?|${mark}\\d+)([eE][+-]?\\d+)?$`)
  const groups = group === '' ? undefined : new RegExp(group, 'g')
  return (text) => {
    const trimmed = text.replace(/^[ \t]+|[ \t]+$/g, '')
    const match = pattern.exec(trimmed)
    if (match === null) return undefined
    const [, whole = '', fraction, exponent] = match
    const plain = groups === undefined ? trimmed : trimmed.replace(groups, '')
    const value = Number(decimal === '.' ? plain : plain.replace(',', '.'))
    const isWhole = fraction === undefined && exponent === undefined && whole !== ''
    if (!Number.isFinite(value) || (isWhole && !Number.isSafeInteger(value))) return undefined
    return { value, isWhole, isGrouped: groups !== undefined && /\D/.test(whole) }
  }
}

/** What the texts of a column say about their notation. */
export type NumberVerdict =
  | { readonly kind: 'found'; readonly notation: NumberNotation }
  | { readonly kind: 'ambiguous'; readonly notations: readonly NumberNotation[] }
  | undefined

/**
 * The notation of a column, from its distinct texts. It is found when every text is a number in it, and all notations of which that holds
 * give the same numbers. Groups divided by spaces or points alone may be codes (`732 829 320`, `192.168.100.100`): they count where a
 * decimal mark is seen in the column, or where they are `expected`: asked for, or likely from other columns.
 */
export function findNotation(
  texts: readonly string[],
  allowed: readonly NumberNotation[],
  expected: readonly NumberNotation['thousands'][],
): NumberVerdict {
  if (texts.length === 0) return undefined
  const readers = allowed.map((notation) => ({ notation, read: notationReader(notation), hasGroups: false, hasFraction: false }))
  let fitting = readers
  let agree = true
  for (const text of texts) {
    let value: number | undefined
    fitting = fitting.filter((reader) => {
      const number = reader.read(text)
      if (number === undefined) return false
      if (number.isGrouped) reader.hasGroups = true
      if (!number.isWhole) reader.hasFraction = true
      return true
    })
    if (fitting.length === 0) return undefined
    for (const { read } of fitting) {
      const number = (read(text) as { value: number }).value
      if (value !== undefined && value !== number) agree = false
      value = number
    }
  }
  if (!agree && !sameNumbers(texts, fitting)) return { kind: 'ambiguous', notations: distinct(fitting) }
  const best = fitting.find(({ hasGroups }) => hasGroups) ?? (fitting[0] as (typeof fitting)[0])
  const { notation, hasGroups, hasFraction } = best
  const mayBeCode = hasGroups && (notation.thousands === ' ' || notation.thousands === '.')
  if (mayBeCode && texts.every(isAddress)) return undefined
  if (mayBeCode && !hasFraction && !expected.includes(notation.thousands)) return { kind: 'ambiguous', notations: [notation] }
  return { kind: 'found', notation }
}

/** Whether all readers give the same numbers for all texts: a notation may have dropped out since they differed. */
function sameNumbers(texts: readonly string[], readers: readonly { read(text: string): NotedNumber | undefined }[]): boolean {
  return texts.every((text) => {
    const first = readers[0]?.read(text)?.value
    return readers.every(({ read }) => read(text)?.value === first)
  })
}

/** Of notations that fit, those worth naming: one a decimal mark, the one whose groups are used. */
function distinct(fitting: readonly { readonly notation: NumberNotation; readonly hasGroups: boolean }[]): NumberNotation[] {
  return (['.', ','] as const).flatMap((decimal) => {
    const same = fitting.filter(({ notation }) => notation.decimal === decimal)
    const one = same.find(({ hasGroups }) => hasGroups) ?? same[0]
    return one === undefined ? [] : [one.notation]
  })
}

function isAddress(text: string): boolean {
  const parts = text.split('.')
  return parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255)
}

/** The numbers of texts in a notation, and whether all of them can stand in an `int32` column. @returns `undefined` at a text that is none */
export function numbersIn(
  notation: NumberNotation,
  texts: readonly string[],
): { readonly values: number[]; readonly areInt32: boolean } | { readonly wrong: string } {
  const read = notationReader(notation)
  const values: number[] = []
  let areInt32 = true
  for (const text of texts) {
    const number = read(text)
    if (number === undefined) return { wrong: text }
    if (!number.isWhole || !isInt32(number.value)) areInt32 = false
    values.push(number.value)
  }
  return { values, areInt32 }
}
