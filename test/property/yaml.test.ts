/** The YAML reader and writer against js-yaml, in both directions. */
import * as fc from 'fast-check'
import * as jsYaml from 'js-yaml'
import { describe, expect, it } from 'vitest'
import type { Json } from '../../src/core/json'
import { parseYaml, parseYamlStrings, toYaml } from '../../src/core/yaml'
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

  it('is read by js-yaml as it was, under the core schema and under YAML 1.1', () => {
    fc.assert(
      fc.property(value, (v) => {
        expect(jsYaml.load(toYaml(v))).toEqual(v)
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
  it('reads what js-yaml writes in any style', () => {
    const style = fc.record({
      indent: fc.integer({ min: 1, max: 6 }),
      lineWidth: fc.constantFrom(-1, 20, 80),
      flowLevel: fc.integer({ min: -1, max: 3 }),
    })
    fc.assert(
      fc.property(value, style, (v, options) => {
        // PyYAML and js-yaml count the indent of a bare text that is the whole document differently; nobody writes such a file.
        if (typeof v === 'string') return
        const written = jsYaml.dump(v, { ...options, noRefs: true })
        if (/(?:^|[-{,] *|\n *)\? /.test(written)) return // complex keys are refused by design
        expect(parseYaml(written, 'it')).toEqual(v)
      }),
      { numRuns: times(375, 1500) },
    )
  })
})
