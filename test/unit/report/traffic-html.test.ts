/** The page of traffic: for each kind what to do, the numbers, and the state as JSON. */
import { describe, expect, it } from 'vitest'
import { Predictor } from '../../../src/predictor'
import { type TrafficState, trafficHtml } from '../../../src/report'
import { manualClock } from '../../../src/testing/manual-clock'
import { createAbTest, createBandit, createCanary, createShadow } from '../../../src/traffic'
import { classifier, unitsOf } from '../traffic/helpers'

const arms = { 'old one': classifier(0.5), treatment: classifier(2) }

function checkPage(page: string, state: TrafficState): void {
  expect(page).not.toMatch(/NaN|undefined|<script(?! type="application\/json")/)
  expect(page.length).toBeLessThan(300_000)
  const json = page.match(/id="report-data"[^>]*>([^<]*)</)?.[1] ?? ''
  expect(JSON.parse(json)).toMatchObject({ kind: state.kind, name: state.name })
}

describe('trafficHtml', () => {
  it('shows an A/B test from its first moment to its decision', async () => {
    const clock = manualClock()
    const metrics = {
      '<b>sold</b>': { kind: 'share', minimumEffect: 0.1 },
      wait: { kind: 'mean', higherIsBetter: false, margin: 5 },
    } as const
    const test = await createAbTest({ name: 'a&b', key: 'user', arms, metrics, unitsPerArm: 5000, clock })
    const empty = await test.results()
    checkPage(trafficHtml(empty), empty)
    const units = unitsOf(400)
    await Predictor.of(test).predict(units.map((user) => ({ x: 1, user })))
    units.forEach((unit, i) => {
      test.record(unit, '<b>sold</b>', test.variantOf(unit) === 'treatment' && i % 2 === 0)
      test.record(unit, 'wait', i % 9)
    })
    const results = await test.results()
    const page = trafficHtml(results)
    checkPage(page, results)
    expect(page).toContain('Take treatment: it is better than old one in &#60;b&#62;sold')
    expect(page).toContain('within the margin')
    expect(page).not.toContain('<b>sold')
  })

  it('shows a canary, a bandit and a shadow', async () => {
    const clock = manualClock()
    const canary = await createCanary({
      name: 'f',
      stable: classifier(0.5),
      candidate: classifier(0.5, () => true),
      steps: [{ weight: 0.5 }],
      clock,
    })
    await Predictor.of(canary).predict(unitsOf(90).map((_, x) => ({ x })))
    await clock.advance(0)
    const status = canary.status()
    checkPage(trafficHtml(status), status)
    expect(trafficHtml(status)).toContain('was taken back')
    const bandit = await createBandit({ name: 'g', arms, seed: 1, clock })
    checkPage(trafficHtml(bandit.state()), bandit.state())
    const shadow = createShadow({ primary: classifier(0.5), candidate: classifier(0.9), clock })
    checkPage(trafficHtml(shadow.report()), shadow.report())
    await Predictor.of(shadow).predict([{ x: 0.6 }, { x: 0.7 }])
    await clock.advance(0)
    await shadow.drain()
    expect(trafficHtml(shadow.report(), { title: 'Beside' })).toContain('<h1>Beside</h1>')
  })

  it('refuses what is none of them', () => {
    expect(() => trafficHtml({} as never)).toThrow('trafficHtml takes the results of an A/B test')
    expect(() => trafficHtml(undefined as never)).toThrow('trafficHtml takes')
  })
})
