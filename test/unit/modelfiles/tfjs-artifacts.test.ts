import { describe, expect, it } from 'vitest'
import { utf8 } from '../../../src/core/bytes'
import { assertWeightBytes, tfjsWeightPaths } from '../../../src/modelfiles/tfjs-artifacts'

const description = (...paths: string[]) => utf8(JSON.stringify({ weightsManifest: [{ paths, weights: [] }] }))

describe('tfjsWeightPaths', () => {
  it('gives the paths of all groups', () => {
    expect(tfjsWeightPaths(description('a.bin', 'more/b.bin'))).toEqual(['a.bin', 'more/b.bin'])
  })

  it.each(['../a.bin', '/etc/a.bin', 'a/../../b.bin', 'c:a.bin', 'https://host/a.bin', 'a\\..\\b'])('refuses %s', (path) => {
    expect(() => tfjsWeightPaths(description(path))).toThrow(/`weightsManifest` must be paths beside model.json, got/)
  })
})

describe('assertWeightBytes', () => {
  const weight = (dtype: string, quantization?: { dtype: string }) => ({ name: 'a', shape: [2, 3], dtype, quantization })
  it('counts the bytes of every type, quantized ones too', () => {
    const check =
      (bytes: number, ...weightSpecs: object[]) =>
      () =>
        assertWeightBytes({ weightSpecs, weightData: new ArrayBuffer(bytes) })
    expect(
      check(
        24 + 6 + 6 + 12,
        weight('float32'),
        weight('bool'),
        weight('float32', { dtype: 'uint8' }),
        weight('float32', { dtype: 'float16' }),
      ),
    ).not.toThrow()
    expect(check(25, weight('float32'))).toThrow('the weight files of the TensorFlow.js model must hold 24 bytes, they hold 25')
    // Texts have no fixed size.
    expect(check(25, weight('string'))).not.toThrow()
  })
})
