/** Damaged files of XGBoost and LightGBM: each is read, or refused with a clean error; none crashes, hangs or takes memory without end. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromLightgbm } from '../../src/adapters/lightgbm'
import { fromXgboost } from '../../src/adapters/xgboost'
import { isMillwrightError } from '../../src/core/errors'
import type { FittedModel } from '../../src/learn'
import { damageTo } from '../fixtures/damage'
import { propertySeed, times } from '../support/effort'
import { ofLightgbm, ofXgboost, tableFor, ubjOf } from '../unit/adapters/trees/files'

/** Reads a file, and predicts a row where it can be read. */
function reads(read: () => FittedModel, golden: (typeof ofXgboost)[number]): void {
  try {
    const fitted = read()
    const first = { ...golden, rows: golden.rows.slice(0, 2) }
    if (fitted.features.length === golden.columns.length) fitted.predict(tableFor(fitted, first))
  } catch (error) {
    if (!isMillwrightError(error)) throw error
    // A damaged file can name its features otherwise than the rows do.
    expect(['Corrupt', 'Unsupported', 'InvalidArgument', 'SchemaMismatch', 'NotFound'], error.message).toContain(error.code)
  }
}

const numRuns = times(120, 7000)
const settings = { seed: propertySeed, numRuns }

describe('damaged files', () => {
  it.each(['two classes', 'sets of categories'])('of XGBoost as JSON: %s', (name) => {
    const golden = ofXgboost.find((model) => model.name === name) as (typeof ofXgboost)[number]
    const document = JSON.parse(golden.json) as object
    fc.assert(
      fc.property(damageTo(document), (text) => reads(() => fromXgboost(text), golden)),
      { ...settings, numRuns: numRuns / 2 },
    )
  })

  it('of XGBoost as UBJSON', () => {
    const change = fc.record({
      at: fc.nat(),
      byte: fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 127, 128, 255, 0x5b, 0x7b, 0x24, 0x23, 0x5a)),
    })
    fc.assert(
      fc.property(
        fc.constantFrom(...ofXgboost),
        fc.array(change, { minLength: 1, maxLength: 4 }),
        fc.option(fc.nat()),
        (golden, changes, cut) => {
          const bytes = ubjOf(golden)
          for (const { at, byte } of changes) bytes[at % bytes.length] = byte
          reads(() => fromXgboost(cut === null ? bytes : bytes.subarray(0, cut % bytes.length)), golden)
        },
      ),
      settings,
    )
  })

  it('of LightGBM', () => {
    const piece = fc.constantFrom('0', '-1', '1e300', 'nan', 'inf', '99999999999', ' ', '=', '\n', 'x', '', '-', '4294967295')
    const change = fc.record({ at: fc.nat(), length: fc.nat(12), piece })
    fc.assert(
      fc.property(fc.constantFrom(...ofLightgbm), fc.array(change, { minLength: 1, maxLength: 3 }), (golden, changes) => {
        let { text } = golden
        for (const { at, length, piece: by } of changes)
          text = text.slice(0, at % text.length) + by + text.slice((at % text.length) + length)
        reads(() => fromLightgbm(text), golden)
      }),
      settings,
    )
  })
})
