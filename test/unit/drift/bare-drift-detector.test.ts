import { describe, expect, it } from 'vitest'
import { createRng } from '../../../src/core/random'
import * as drift from '../../../src/drift'
import {
  BareDriftDetector,
  DriftDetector,
  type DriftMethod,
  type DriftMethodPart,
  driftSketches,
  wassersteinMethod,
} from '../../../src/drift'
import { driftMethods, fitsKind } from '../../../src/drift/methods'
import { columnFrom, makeColumn } from '../../../src/schema/column'
import { tableOf } from '../../../src/schema/table'

const rng = createRng(17)
const table = (shift: number) =>
  tableOf([
    makeColumn('x', { type: 'float64', values: Float64Array.from({ length: 100 }, () => rng.normal() + shift) }),
    columnFrom(
      'word',
      'string',
      Array.from({ length: 100 }, () => (rng.next() < 0.5 + shift / 4 ? 'a' : 'b')),
    ),
  ])
const [reference, current] = [table(0), table(0.6)]
const kept: readonly DriftMethod[] = ['ks', 'chiSquare', 'psi']
const partOf = (method: DriftMethod) => (drift as unknown as Record<string, DriftMethodPart>)[`${method}Method`] as DriftMethodPart

describe('BareDriftDetector', () => {
  it.each(driftMethods())('with the part of %s says what DriftDetector says', (method) => {
    const methods = kept.includes(method) ? [] : [partOf(method)]
    const bare = new BareDriftDetector({ method }, { methods }).fit(reference)
    const expected = new DriftDetector({ method }).fit(reference)
    expect(bare.detect(current)).toEqual(expected.detect(current))
    expect(bare.profile()).toEqual(expected.profile())
    const column = fitsKind(method, 'numeric') ? 'x' : 'word'
    expect(bare.detect(current).columns.find((each) => each.column === column)?.method).toBe(method)
  })

  it.each(driftMethods().filter((method) => !kept.includes(method)))('without the part refuses %s at once', (method) => {
    const message = `the method "${method}" is not among the parts of the detector: BareDriftDetector has ks, chiSquare, psi, wasserstein`
    const methods = method === 'wasserstein' ? [] : [wassersteinMethod]
    for (const options of [{ method }, { perColumn: { x: { method } } }]) {
      expect(() => new BareDriftDetector(options, { methods })).toThrow(method === 'wasserstein' ? /"wasserstein" is not among/ : message)
    }
  })

  it("needs the four more methods of Evidently's rules for them", () => {
    expect(() => new BareDriftDetector({ method: 'evidently' }, { methods: [wassersteinMethod] })).toThrow(
      /"goodnessOfFit" is not among the parts/,
    )
    const methods = (['wasserstein', 'goodnessOfFit', 'zTest', 'jensenShannon'] as const).map(partOf)
    expect(new BareDriftDetector({ method: 'evidently' }, { methods }).fit(reference).detect(current)).toEqual(
      new DriftDetector({ method: 'evidently' }).fit(reference).detect(current),
    )
  })

  it('takes methods of the closed list of names, and each in the form of its kind', () => {
    const compare = wassersteinMethod
    for (const part of [{ ...compare, name: 'mine' }, { ...compare, name: 'psi' }, undefined])
      expect(() => new BareDriftDetector({}, { methods: [part as DriftMethodPart] })).toThrow(
        /an array of methods such as wassersteinMethod/,
      )
  })

  it('reads and makes profiles with sketches only where it has the part', () => {
    const stored = new DriftDetector({ reference: 'sketch' }).fit(reference).profile()
    expect(() => new BareDriftDetector({ reference: 'sketch' })).toThrow(/`reference: 'sketch'` is not among the parts/)
    expect(() => BareDriftDetector.fromProfile(stored)).toThrow(/is not among the parts/)
    expect(() => BareDriftDetector.fromProfile(stored, { reference: 'sample' })).toThrow(/this profile holds sketches/)
    const bare = BareDriftDetector.fromProfile(stored, {}, { sketches: driftSketches })
    expect(bare.detect(current)).toEqual(DriftDetector.fromProfile(stored).detect(current))
    expect(bare.detect(stored).columns.map(({ state }) => state)).toEqual(['ok', 'ok'])
    expect(() => new BareDriftDetector().fit(reference).detect(stored)).toThrow(/this profile holds sketches/)
  })

  it('refuses what are no parts', () => {
    expect(() => new BareDriftDetector({}, { methods: ['wasserstein'] as never })).toThrow(
      /`methods` of BareDriftDetector must be an array of methods/,
    )
    expect(() => new BareDriftDetector({}, { method: [] } as never)).toThrow(/`method` is not an option of BareDriftDetector/)
    expect(() => new BareDriftDetector({}, null as never)).toThrow(/BareDriftDetector/)
  })
})
