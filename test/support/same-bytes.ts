/** Comparing large byte arrays: `toEqual` looks at each byte as at an object's property, which takes seconds for a megabyte. */
import { expect } from 'vitest'

/** Fails with the first difference unless both hold the same bytes. */
export function expectSameBytes(actual: Uint8Array | undefined, expected: Uint8Array): void {
  if (actual === undefined) expect.fail(`${expected.length} bytes were expected, nothing came`)
  if (Buffer.compare(actual, expected) === 0) return
  const at = expected.findIndex((byte, i) => byte !== actual[i])
  if (at < 0 || at >= actual.length)
    expect.fail(`${expected.length} bytes were expected, ${actual.length} came; the shorter begins the longer`)
  expect.fail(`byte ${at} is ${actual[at]}, expected ${expected[at]} (${actual.length} bytes came, ${expected.length} were expected)`)
}
