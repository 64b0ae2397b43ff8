/** The pages in headless Chromium: no errors, nothing that axe-core finds, no page wider than its screen. A part of the full run, because a browser takes seconds to start. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { functionModel } from '../../src/adapters/function/function-runtime'
import { dataQuality } from '../../src/dataset'
import { DriftDetector } from '../../src/drift'
import { compareVersions, performanceReport } from '../../src/monitor'
import { densityChart, lineChart, rocChart } from '../../src/plot'
import { compareVersionsHtml, dataQualityHtml, driftReportHtml, liveMonitor, page, performanceHtml } from '../../src/report'
import { createHandler } from '../../src/serve'
import { nodeListener } from '../../src/serve/mounts'
import { installChromium, startChromium } from '../support/chromium'
import { isFull } from '../support/effort'
import { labelledRows } from '../support/labelled-rows'
import { manyColumns } from '../support/many-columns'
import { checkPage } from '../support/page-check'
import { watchedMonitor } from '../support/watched-monitor'

describe.skipIf(!isFull)('pages in a browser', () => {
  let browser: Browser
  beforeAll(async () => {
    await installChromium()
    browser = await startChromium()
  })
  afterAll(async () => {
    await browser?.close()
  })

  const size = { columns: 40, rows: 300 }
  const [reference, current] = [manyColumns(1, 0, size), manyColumns(2, 1, size)]
  const pages: Readonly<Record<string, () => string>> = {
    drift: () => driftReportHtml(new DriftDetector().fit(reference).detect(current)),
    'data quality': () => dataQualityHtml(dataQuality(current, { reference })),
    'performance of a classifier': () => performanceHtml(performanceReport(labelledRows(1).classifier, { slices: ['region'] })),
    'performance of a regressor': () => performanceHtml(performanceReport(labelledRows(1).regressor, { slices: ['region'] })),
    'versions compared': () => {
      const { classifier, worse } = labelledRows(1)
      return compareVersionsHtml(compareVersions({ '3': classifier, '4': worse }, { resamples: 20 }))
    },
    'live monitor': () => {
      const monitor = watchedMonitor()
      const live = liveMonitor(monitor)
      monitor.check()
      // The script has no server to follow here; `live-monitor.test.ts` and the test below look at that.
      return live.html().replace(/<script>.*?<\/script>/s, '')
    },
    charts: () => {
      const points = Array.from({ length: 40 }, (_, i) => ({ x: i * 86_400_000, y: Math.sin(i) }))
      const curve = { falsePositiveRate: [0, 0.2, 1], truePositiveRate: [0, 0.8, 1], thresholds: [1, 0.5, 0] }
      return page({
        title: 'Charts',
        sections: [
          { title: 'Density', body: densityChart({ series: [{ name: 'a', values: points.map(({ y }) => y) }] }) },
          { title: 'Line', body: lineChart({ description: 'a line', series: [{ name: 'a', points, colour: 'a' }] }) },
          { title: 'ROC', body: rocChart({ curves: [{ name: 'a', curve: curve as never }] }) },
        ],
      })
    },
  }

  it.each(Object.entries(pages))('%s', async (_, make) => {
    expect(await checkPage(browser, make())).toEqual({ console: [], axe: [], overflow: [] })
  })

  it('follows a monitor by itself', async () => {
    const monitor = watchedMonitor()
    const live = liveMonitor(monitor)
    const model = functionModel(() => 1, { name: 'one', signature: { inputs: [{ name: 'x', type: 'float64' }], outputs: [] } })
    const server = createServer(nodeListener(createHandler(model, { protocols: [live.protocol] }))).listen(0, '127.0.0.1')
    await new Promise((ready) => server.once('listening', ready))
    const view = await browser.newPage()
    const errors: string[] = []
    view.on('console', (message) => void (message.type() === 'error' && errors.push(message.text())))
    await view.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/monitor`)
    await view.waitForFunction("document.querySelector('main').textContent.includes('Alerts')")
    monitor.check()
    await view.waitForFunction("document.querySelector('main').textContent.includes('Drift by column')")
    expect(errors).toEqual([])
    await view.close()
    live.close()
    server.closeAllConnections()
    await new Promise((closed) => server.close(closed))
  })
})
