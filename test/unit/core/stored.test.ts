import { describe, expect, it } from 'vitest'
import * as z from 'zod/mini'
import { isMillwrightError, type MillwrightError } from '../../../src/core/errors'
import { parseStored, readStored, storedFormat, storedNumber } from '../../../src/core/stored'

const format = storedFormat(
  () =>
    z.looseObject({
      formatVersion: z.literal(1),
      name: z.string(),
      rows: z.int().check(z.gte(0)),
      steps: z.record(z.string(), z.object({ status: z.enum(['ok', 'failed']), metric: z.optional(storedNumber()) })),
      parts: z.array(z.discriminatedUnion('kind', [z.object({ kind: z.literal('a') }), z.object({ kind: z.literal('b'), n: z.number() })])),
    }),
  { field: 'formatVersion', reads: 1 },
)
const whole = { formatVersion: 1, name: 'x', rows: 2, steps: { 'a b': { status: 'ok', metric: 'NaN' } }, parts: [{ kind: 'b', n: 1 }] }

function problem(document: unknown): string {
  try {
    readStored(format, document, 'runs/state.json')
  } catch (error) {
    expect(isMillwrightError(error)).toBe(true)
    return `${(error as MillwrightError).code}: ${(error as Error).message}`
  }
  return 'none'
}

describe('readStored', () => {
  it('gives the document itself, with members it does not know', () => {
    const document = { ...whole, later: true }
    expect(readStored(format, document, 'x')).toBe(document)
  })

  it.each([
    [{ ...whole, name: 5 }, '`name` must be text, got 5'],
    [{ ...whole, name: undefined }, '`name` must be text, got nothing'],
    [{ ...whole, rows: 1.5 }, '`rows` must be a whole number, got 1.5'],
    [{ ...whole, rows: -1 }, '`rows` must be a number ≥ 0, got -1'],
    [{ ...whole, steps: { 'a b': { status: 'gone' } } }, '`steps["a b"].status` must be one of "ok", "failed", got "gone"'],
    [
      { ...whole, steps: { a: { status: 'ok', metric: 'nan' } } },
      '`steps.a.metric` must be a number or one of "NaN", "Infinity", "-Infinity", got "nan"',
    ],
    [{ ...whole, parts: [{ kind: 'a' }, { kind: 'b' }] }, '`parts[1].n` must be a number, got nothing'],
    [{ ...whole, parts: [{ kind: 'c' }] }, '`parts[0].kind` must be one of "a", "b", got "c"'],
    [{ ...whole, parts: { b: 1 } }, '`parts` must be an array, got an object (b)'],
    [null, 'it must be an object, got null'],
    [[], 'it must be an object, got an array of 0'],
    [{ ...whole, formatVersion: 0 }, '`formatVersion` must be 1, got 0'],
  ])('names file, place, what was expected and what arrived: %#', (document, message) => {
    expect(problem(document)).toBe(`Corrupt: runs/state.json is damaged: ${message}`)
  })

  it('says that a later release wrote a document', () => {
    expect(problem({ formatVersion: 2, other: true })).toBe(
      'Unsupported: runs/state.json has format version 2, which a later release of Millwright wrote; this release reads format version 1',
    )
  })

  it('parseStored drops members called __proto__ and reports broken JSON', () => {
    const text = JSON.stringify(whole).replace('{', '{"__proto__":{"name":"evil"},')
    const read = parseStored(format, new TextEncoder().encode(text), 'x')
    expect(Object.hasOwn(read, '__proto__')).toBe(false)
    expect(() => parseStored(format, new TextEncoder().encode(text.slice(0, 40)), 'x.json')).toThrow(/x\.json is not valid JSON/)
  })
})
