/** Every label of the Encoding Standard gives the standard's text. Expected values: test/golden/encodings.json. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parseCsv } from '../../../../src/adapters/csv/csv'
import { mendBig5, toUtf8 } from '../../../../src/adapters/csv/encoding'
import { fromUtf8, utf8 } from '../../../../src/core/bytes'

const golden = JSON.parse(readFileSync(new URL('../../../golden/encodings.json', import.meta.url), 'utf8')) as {
  labels: Record<string, string[]>
  singleByte: Record<string, string>
  pairs: Record<string, Record<string, number>>
}

const decode = (encoding: string, ...bytes: number[]): string | null => {
  try {
    return fromUtf8(toUtf8(Uint8Array.from(bytes), encoding, 'parseCsv'))
  } catch {
    return null
  }
}

/** FNV-1a over the code points that all two-byte sequences of one lead byte decode to. */
function digest(encoding: string, lead: number): number {
  let hash = 2166136261
  const add = (code: number): void => {
    hash = Math.imul(hash ^ code, 16777619) >>> 0
  }
  for (let trail = 0; trail < 256; trail++) {
    // A letter goes before, so that FE FF is no byte order mark.
    const text = decode(encoding, 0x41, lead, trail)
    if (text === null) add(0x110000)
    else for (const character of text.slice(1)) add(character.codePointAt(0) as number)
  }
  return hash
}

describe('single-byte encodings', () => {
  it.each(Object.entries(golden.singleByte))('%s, by all of its labels', (encoding, expected) => {
    const upper = Array.from(expected, (character, i) => [128 + i, character] as const)
    const assigned = upper.filter(([, character]) => character !== '\uffff')
    const text = assigned.map(([, character]) => character).join('')
    for (const label of golden.labels[encoding] as string[])
      expect(decode(label, 0x41, ...assigned.map(([byte]) => byte)), label).toBe(`A${text}`)
    for (const [byte, character] of upper) if (character === '\uffff') expect(decode(encoding, 0x41, byte), `byte ${byte}`).toBeNull()
    const ascii = Array.from({ length: 128 }, (_, i) => i)
    expect(decode(encoding, ...ascii)).toBe(String.fromCharCode(...ascii))
  })
})

describe('multi-byte encodings', () => {
  const seldom = (lead: number, i: number): boolean => lead < 0x82 || lead > 0xfe || i % 16 === 0

  it.each(Object.keys(golden.pairs))('%s', (encoding) => {
    const rows = Object.entries(golden.pairs[encoding] as Record<string, number>).map(
      ([lead, hash]) => [Number.parseInt(lead, 16), hash] as const,
    )
    for (const [i, [lead, hash]] of rows.entries()) {
      if (!seldom(lead, i)) continue
      expect(digest(encoding, lead), lead.toString(16)).toBe(hash)
    }
  })

  it.each([
    ['big5', [0xa4, 0xa4, 0xa3, 0xc0, 0xf9, 0xfe], '中␀￭'],
    ['shift_jis', [0x1a, 0x1c, 0x7f, 0x80, 0x93, 0xfa, 0xb1, 0x80], '\x1a\x1c\x7f\x80日ｱ\x80'],
    ['cp932', [0x87, 0x40], '①'],
    ['euc_jp', [0xc6, 0xfc, 0x8e, 0xb1, 0x8f, 0xb0, 0xa1], '日ｱ丂'],
    ['euc-jp', [0x8e, 0xe0], null],
    ['euc-jp', [0x8f, 0xf3, 0xa1], null],
    ['gb2312', [0x80, 0xa2, 0xe3], '€€'],
    ['cp949', [0xa2, 0xe6, 0x8c, 0x63], '€똠'],
    ['ks_c_5601-1987', [0xc9, 0xa1], null],
    ['iso-2022-jp', [0x1b, 0x24, 0x42, 0x46, 0x7c, 0x1b, 0x28, 0x42], '日'],
    ['iso-2022-jp', [0x1b, 0x24, 0x42, 0x46, 0x7c, 0x0a, 0x1b, 0x28, 0x42], null],
    ['gb18030', [0x84, 0x31, 0xa4, 0x37], '\ufffd'],
    ['big5', [0x80], null],
    ['big5', [0x41, 0xa4], null],
    ['shift_jis', [0x41, 0x93], null],
  ] as const)('%s: %o is %o', (encoding, bytes, text) => {
    expect(decode(encoding, ...bytes)).toBe(text)
  })

  it('read the Hong Kong supplement of big5', () => {
    const bytes = Uint8Array.of(...utf8('a\n'), 0x87, 0x40, 0x88, 0x62, 0x9e, 0x7c, 10)
    expect(parseCsv(bytes, { encoding: 'big5-hkscs' }).row(0)).toEqual({ a: '䏰Ê̄𧿹' })
  })
})

describe("Chromium's big5", () => {
  it('has its four garbled sequences mended', () => {
    expect(mendBig5('a\x93\udf04\x93\udf0c,\xb3\udf04\xb3\udf0c\x93')).toBe('aÊ\u0304Ê\u030c,ê\u0304ê\u030c\x93')
  })

  it('keeps characters beyond the basic plane, whose low surrogate may be the same', () => {
    expect(mendBig5('\ud840\udf04\xb3')).toBe('\ud840\udf04\xb3')
  })
})

describe('a file of Windows', () => {
  const bytes = Uint8Array.of(...utf8('who,price\nO'), 0x92, ...utf8('Brien,'), 0x80, ...utf8('5\n'))

  it.each(['cp1252', 'windows-1252', 'latin1', 'iso-8859-1', 'ascii', 'Latin-1', 'ISO_8859-1', 'CP1252'])(
    'in %s keeps quotes and the euro',
    (encoding) => {
      expect(parseCsv(bytes, { encoding }).toRecords()).toEqual([{ who: 'O\u2019Brien', price: '\u20ac5' }])
    },
  )

  it('is refused in an encoding that there is not', () => {
    expect(() => parseCsv(bytes, { encoding: 'utf-7' })).toThrow('must be a label of the WHATWG Encoding Standard, got "utf-7"')
  })
})
