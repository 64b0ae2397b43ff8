/** Shadows: callers never notice the candidate, whatever it does. */
import { describe, expect, it } from 'vitest'
import { Predictor } from '../../../src/predictor'
import { createHandler } from '../../../src/serve'
import { manualClock } from '../../../src/testing/manual-clock'
import { createShadow } from '../../../src/traffic'
import { settle } from '../predictor/helpers'
import { get, post } from '../serve/helpers'
import { classifier, regressor } from './helpers'

const rows = Array.from({ length: 40 }, (_, i) => ({ x: i / 40 }))

/** Asks in calls of ten rows. */
async function ask(predictor: Predictor): Promise<unknown[]> {
  const answers = []
  for (let i = 0; i < rows.length; i += 10) answers.push(...(await predictor.predict(rows.slice(i, i + 10))))
  return answers.map(({ prediction, probabilities, outputs }) => ({ prediction, probabilities, outputs }))
}

describe('a shadow', () => {
  it('answers exactly as the primary alone, and compares the candidate', async () => {
    const clock = manualClock()
    const shadow = createShadow({ primary: classifier(0.5), candidate: classifier(0.7), clock })
    const seen: unknown[] = []
    shadow.on('disagreement', ({ row }) => seen.push(row.x))
    expect(await ask(Predictor.of(shadow))).toEqual(await ask(Predictor.of(classifier(0.5))))
    expect(shadow.report().compared).toBe(0)
    await clock.advance(0)
    await shadow.drain()
    const report = shadow.report()
    expect(report).toMatchObject({ rows: 40, mirrored: 40, compared: 40, disagreements: 8, failed: 0, dropped: 0 })
    expect(report.flips).toEqual([{ primary: 'yes', candidate: 'no', count: 8 }])
    expect(report.scoreDistance.max).toBeCloseTo(0.7)
    expect(report.scoreTest?.pValue).toBeGreaterThan(0)
    expect(seen).toHaveLength(8)
    expect(String(report)).toContain('40 rows compared, 20.0 % with another label')
  })

  it('is served under the version of the primary', () => {
    const primary = Predictor.of(classifier(0.5), { version: '3' })
    const candidate = Predictor.of(classifier(0.7), { version: '4' })
    expect(Predictor.of(createShadow({ primary, candidate, clock: manualClock() })).version).toBe('3')
  })

  it('compares numbers, and counts answers that are none', async () => {
    const clock = manualClock()
    const candidate = regressor((x) => (x > 0.9 ? Number.NaN : x + 0.1))
    const shadow = createShadow({ primary: regressor((x) => x), candidate, clock })
    await ask(Predictor.of(shadow))
    await clock.advance(0)
    await shadow.drain()
    expect(shadow.report()).toMatchObject({ compared: 40, invalid: 3, disagreements: 0, scoreDistance: { mean: expect.closeTo(0.1) } })
  })

  it('hides a candidate that fails, and counts it', async () => {
    const clock = manualClock()
    const shadow = createShadow({ primary: classifier(0.5), candidate: classifier(0.5, (x) => x < 0.2), clock })
    expect(await ask(Predictor.of(shadow))).toEqual(await ask(Predictor.of(classifier(0.5))))
    await clock.advance(0)
    await shadow.drain()
    expect(shadow.report()).toMatchObject({ compared: 30, failed: 10, errors: [expect.stringContaining('no answer for')] })
  })

  it('never waits for a candidate that hangs: its queue is bounded', async () => {
    const clock = manualClock()
    let release = (): void => {}
    const hung = new Promise<void>((resolve) => {
      release = resolve
    })
    const candidate = Object.assign(classifier(0.5), {
      run: async () => {
        await hung
        return { predictions: [] }
      },
    })
    const shadow = createShadow({ primary: classifier(0.5), candidate, maxQueue: 15, clock })
    const predictor = Predictor.of(shadow)
    const asked = ask(predictor)
    await clock.advance(0)
    expect(await asked).toHaveLength(40)
    expect(shadow.report().dropped).toBeGreaterThanOrEqual(20)
    release()
    await settle()
    await predictor.close()
  })

  it('copies the share of rows that it is told, by their content', async () => {
    const clock = manualClock()
    const shadow = createShadow({ primary: classifier(0.5), candidate: classifier(0.5), share: 0.5, clock })
    await ask(Predictor.of(shadow))
    const { mirrored } = shadow.report()
    expect(mirrored).toBeGreaterThan(10)
    expect(mirrored).toBeLessThan(30)
    await ask(Predictor.of(shadow))
    expect(shadow.report().mirrored).toBe(2 * mirrored)
  })

  it('is served, with its numbers on /metrics', async () => {
    const clock = manualClock()
    const shadow = createShadow({ name: 'new', primary: classifier(0.5), candidate: classifier(2), clock })
    const handler = createHandler(shadow, { collect: () => shadow.families() })
    await handler(post('/predict', [{ x: 1 }, { x: 0 }]))
    await clock.advance(0)
    await shadow.drain()
    expect(await (await handler(get('/metrics'))).text()).toContain('millwright_shadow_disagreements_total{shadow="new"} 1')
  })

  it('refuses bad options', () => {
    expect(() => createShadow({ primary: classifier(1) } as never)).toThrow('the model "candidate" of createShadow needs a model')
    expect(() => createShadow({ primary: classifier(1), candidate: classifier(1), share: 2 })).toThrow('`share` of createShadow')
  })
})
