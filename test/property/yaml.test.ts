/** The YAML that is written and read, against another library (`yaml`), in both directions. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as otherYaml from 'yaml'
import type { Json } from '../../src/core/json'
import { parseYaml, parseYamlStrings } from '../../src/core/yaml-read'
import { toYaml } from '../../src/core/yaml-write'
import { times } from '../support/effort'

const awkward = fc.constantFrom(
  ...[
    'yes',
    'No',
    'on',
    'OFF',
    'y',
    'N',
    '1_000',
    '12:30',
    '0o7',
    '0x1F',
    '2026-11-22',
    '2026-11-22 20:39:34.5',
    '007',
    '1e3',
    '.5',
    '+1',
    '-0',
  ],
  ...[
    '',
    ' ',
    ' a',
    'a ',
    'a: b',
    'a #b',
    'a:',
    '#a',
    '- a',
    '-',
    '---',
    '...',
    '? a',
    '!x',
    '&a',
    '*a',
    '|',
    '>',
    '%',
    '@a',
    '`a',
    '{',
    '}',
    '[',
    ']',
  ],
  ...[
    "it's",
    '"q"',
    "'",
    '\\',
    'a\nb',
    'a\n',
    '\n',
    '\ta',
    'a\tb',
    '~',
    'null',
    'Null',
    'true',
    'FALSE',
    '.inf',
    '-.INF',
    '.nan',
    '<<',
    '=',
    'é',
    '日本',
    '🙂',
  ],
  ...[
    'a, b',
    'a]b',
    'http://x:80/y#z',
    'C:\\dir',
    '\u0085',
    '\u2028',
    '\u00a0',
    'a\u3000',
    '\ufeff',
    '\u0000',
    'NaN',
    'nan',
    '1.',
    '1.5e-7',
    '0b1',
    '1:2:3',
    'toString',
  ],
)
const text = fc.oneof(
  awkward,
  fc.string({ unit: 'grapheme', maxLength: 12 }),
  fc.string({ unit: fc.constantFrom(...' \n\t:#-[]{},\'"\\ab1'), maxLength: 10 }),
)
const key = text.filter((k) => k !== '__proto__')
const scalar = fc.oneof(fc.constant(null), fc.boolean(), fc.integer(), fc.double({ noDefaultInfinity: false, noNaN: false }), text)
const value: fc.Arbitrary<Json> = fc.letrec<{ node: Json }>((tie) => ({
  node: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    fc.array(tie('node'), { maxLength: 4 }),
    fc.dictionary(key, tie('node'), { maxKeys: 4, noNullPrototype: true }),
  ),
})).node as fc.Arbitrary<Json>

describe('toYaml', () => {
  it('is read back by our own reader as it was', () => {
    fc.assert(
      fc.property(value, (v) => {
        expect(parseYaml(toYaml(v), 'it')).toEqual(v)
      }),
      { numRuns: times(375, 1500) },
    )
  })

  it.each(['1.1', '1.2'] as const)('is read by another library as it was, as YAML %s', (version) => {
    fc.assert(
      fc.property(value, (v) => {
        expect(otherYaml.parse(toYaml(v), { version })).toEqual(v)
      }),
      { numRuns: times(375, 1500) },
    )
  })

  it('keeps every string a string when all scalars are read as text', () => {
    fc.assert(
      fc.property(fc.array(text), (v) => {
        expect(parseYamlStrings(toYaml(v), 'it')).toEqual(v)
      }),
    )
  })
})

describe('parseYaml', () => {
  it('reads what another library writes in any style', () => {
    const style = fc.record({
      indent: fc.integer({ min: 2, max: 6 }),
      lineWidth: fc.constant(0),
      collectionStyle: fc.constantFrom('any' as const, 'flow' as const),
      indentSeq: fc.boolean(),
    })
    fc.assert(
      fc.property(value, style, (v, options) => {
        const written = otherYaml.stringify(v, { ...options, aliasDuplicateObjects: false })
        // It writes a byte order mark and its indentation indicator (`|1-`) so that other readers than itself take them differently;
        // text that begins with a colon and a line feed it writes plain in flow style, which is no YAML.
        if (/\ufeff|[|>]\d|: :$/m.test(written)) return
        expect(parseYaml(written, 'it')).toEqual(v)
      }),
      { numRuns: times(375, 1500) },
    )
  })
})
