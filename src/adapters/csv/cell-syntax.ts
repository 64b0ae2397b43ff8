/** How cells are spelt, from the options of the caller. */
import { dictionaryOf } from '../../core/byte-dictionary'
import { utf8 } from '../../core/bytes'
import { invalidArgument, show } from '../../core/errors'
import { defaultFalseValues, defaultNaValues, defaultTrueValues, numberOfText, timestampOfText } from '../../schema/coerce'
import type { CellSyntax } from './cells'
import { type NumberNotation, notationReader, numberNotations } from './number-notation'

/** What the caller said about cells, as plain data that can be sent to a thread. */
export interface Spellings {
  readonly naValues: readonly string[] | undefined
  readonly trueValues: readonly string[] | undefined
  readonly falseValues: readonly string[] | undefined
  readonly decimal: '.' | ',' | undefined
  readonly thousands: NumberNotation['thousands'] | undefined
}

/** The spellings among options. Where short records are padded, an empty cell is missing. */
export function spellingsOf(options: Partial<Spellings> & { readonly ragged?: 'error' | 'pad' | undefined }): Spellings {
  const { naValues, trueValues, falseValues, decimal, thousands, ragged } = options
  return {
    naValues: ragged === 'pad' ? [...(naValues ?? defaultNaValues), ''] : naValues,
    trueValues,
    falseValues,
    decimal,
    thousands,
  }
}

/** The spellings as the cell readers need them. @throws InvalidArgument for a text that means both true and false */
export function syntaxOf(spellings: Spellings): { readonly syntax: CellSyntax; readonly missing: readonly Uint8Array[] } {
  const { naValues = defaultNaValues, thousands } = spellings
  const missing = [...new Set(naValues)].map(utf8)
  const trueValues = [...new Set(spellings.trueValues ?? defaultTrueValues)]
  const falseValues = spellings.falseValues ?? defaultFalseValues
  const both = trueValues.find((text) => falseValues.includes(text))
  if (both !== undefined) throw invalidArgument(`${show(both)} is among both \`trueValues\` and \`falseValues\``)
  const booleans = [...trueValues, ...falseValues]
  const syntax = {
    missing: dictionaryOf(missing),
    emptyIsMissing: missing.some((text) => text.length === 0),
    missingLooksPresent: (spellings.naValues ?? []).some((text) => looksPresent(text, booleans)),
    booleans: dictionaryOf(booleans.map(utf8)),
    trueCount: trueValues.length,
    decimal: decimalOf(spellings),
    ...(thousands ? { grouped: notationReader({ decimal: decimalOf(spellings), thousands }) } : {}),
  }
  return { syntax, missing }
}

/** Whether a text of a missing value could be taken for a value. */
function looksPresent(text: string, booleans: readonly string[]): boolean {
  const notations = numberNotations.map(notationReader)
  const isNumber =
    numberOfText(text, '.') !== undefined || numberOfText(text, ',') !== undefined || notations.some((read) => read(text) !== undefined)
  return isNumber || booleans.includes(text) || timestampOfText(text) !== undefined
}

/** Points between thousands leave the comma for decimals. */
export function decimalOf({ decimal, thousands }: Partial<Pick<Spellings, 'decimal' | 'thousands'>>): '.' | ',' {
  return decimal ?? (thousands === '.' ? ',' : '.')
}
