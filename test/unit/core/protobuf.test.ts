import { describe, expect, it } from 'vitest'
import { fromUtf8 } from '../../../src/core/bytes'
import { protoFields } from '../../../src/core/protobuf-read'
import { protoBytes, protoMessage, protoNested, protoText, protoWhole } from '../../../src/core/protobuf-write'

const bytes = (...values: number[]) => Uint8Array.from(values)

describe('protobuf', () => {
  // The examples of protobuf.dev, "Encoding".
  it('reads and writes the documented examples', () => {
    expect(protoBytes(protoMessage(protoWhole(1, 150)))).toEqual(bytes(0x08, 0x96, 0x01))
    expect(protoFields(bytes(0x08, 0x96, 0x01))).toMatchObject([{ number: 1, value: 150 }])
    expect(protoBytes(protoMessage(protoText(2, 'testing')))).toEqual(bytes(0x12, 0x07, 0x74, 0x65, 0x73, 0x74, 0x69, 0x6e, 0x67))
    expect(protoBytes(protoNested(3, protoMessage(protoWhole(1, 150))))).toEqual(bytes(0x1a, 0x03, 0x08, 0x96, 0x01))
    expect(protoFields(bytes(0x08, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01))[0]?.value).toBe(-2)
  })

  it.each([1, 127, 128, 16_383, 16_384, 2 ** 31 - 1, 2 ** 31, Number.MAX_SAFE_INTEGER, -1, -(2 ** 40)])('keeps %s', (value) => {
    expect(protoFields(protoBytes(protoMessage(protoWhole(7, value))))).toMatchObject([{ number: 7, value }])
  })

  it('keeps texts in UTF-8', () => {
    const [field] = protoFields(protoBytes(protoMessage(protoText(4, 'Grüße 🎈'))))
    expect(fromUtf8(field?.bytes ?? bytes())).toBe('Grüße 🎈')
  })

  it('gives fixed-width fields as number and as bytes', () => {
    const message = bytes(0x09, 0, 0, 0, 0, 0, 0, 0xf8, 0x3f, 0x15, 0, 0, 0x20, 0xc0)
    const fields = protoFields(message)
    expect(fields.map(({ number, value, bytes: raw }) => [number, value, raw.length])).toEqual([
      [1, 1.5, 8],
      [2, -2.5, 4],
    ])
  })

  it('stops after the field that was asked for', () => {
    expect(protoFields(bytes(0x08, 1, 0x10, 2, 0xff), { last: 2 })).toHaveLength(2)
  })

  it.each([
    ['a varint without an end', bytes(0x08, 0x80)],
    ['a varint that is too long', bytes(0x08, ...Array(10).fill(0x80), 1)],
    ['a length beyond the end', bytes(0x12, 5, 1)],
    ['half a double', bytes(0x09, 0, 0)],
    ['half a float', bytes(0x0d, 0, 0)],
    ['field number 0', bytes(0x00, 1)],
    ['a group, which proto3 does not have', bytes(0x0b)],
  ])('refuses %s', (_, message) => {
    const read = () => protoFields(message, { subject: 'the bytes of the model' })
    expect(read).toThrow(expect.objectContaining({ code: 'Corrupt', message: 'the bytes of the model are not a Protocol Buffers message' }))
  })
})
