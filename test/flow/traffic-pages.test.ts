/** The pages of traffic in headless Chromium. A part of the full run, because a browser takes seconds to start. */
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Predictor } from '../../src/predictor'
import { type TrafficState, trafficHtml } from '../../src/report'
import { manualClock } from '../../src/testing/manual-clock'
import { createAbTest, createBandit, createCanary, createShadow } from '../../src/traffic'
import { installChromium, startChromium } from '../support/chromium'
import { isFull } from '../support/effort'
import { checkPage } from '../support/page-check'
import { classifier, unitsOf } from '../unit/traffic/helpers'

const clock = manualClock()
const arms = { control: classifier(0.5), 'a treatment with a long name': classifier(0.7) }
const rows = unitsOf(300).map((user, i) => ({ x: (i % 10) / 10, user }))

const states: Readonly<Record<string, () => Promise<TrafficState>>> = {
  'an A/B test': async () => {
    const metrics = { sold: { kind: 'share', minimumEffect: 0.1 }, wait: { kind: 'mean', higherIsBetter: false, margin: 5 } } as const
    const test = await createAbTest({ name: 'checkout', key: 'user', arms, metrics, clock })
    await Predictor.of(test).predict(rows)
    for (const [i, { user }] of rows.entries()) {
      test.record(user, 'sold', test.variantOf(user) !== 'control' && i % 2 === 0)
      test.record(user, 'wait', i % 9)
    }
    return test.results()
  },
  'a canary': async () => {
    const broken = classifier(0.5, (x) => x > 0.5)
    const canary = await createCanary({ name: 'flights', stable: classifier(0.5), candidate: broken, steps: [{ weight: 0.5 }], clock })
    await Predictor.of(canary).predict(rows)
    await clock.advance(20_000)
    return canary.status()
  },
  'a bandit': async () => (await createBandit({ name: 'offers', arms, seed: 1, clock })).state(),
  'a shadow': async () => {
    const shadow = createShadow({ primary: classifier(0.5), candidate: classifier(0.8), clock })
    await Predictor.of(shadow).predict(rows)
    await clock.advance(10)
    await shadow.drain()
    return shadow.report()
  },
}

describe.skipIf(!isFull)('pages of traffic in a browser', () => {
  let browser: Browser
  beforeAll(async () => {
    await installChromium()
    browser = await startChromium()
  })
  afterAll(async () => {
    await browser?.close()
  })

  it.each(Object.entries(states))('%s', async (_, make) => {
    expect(await checkPage(browser, trafficHtml(await make()))).toEqual({ console: [], axe: [], overflow: [] })
  })
})
