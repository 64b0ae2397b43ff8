/** Runs the story in headless Chromium from a browser bundle, and compares every figure with Node's. */
import { mkdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { isDeepStrictEqual } from 'node:util'
import { bundle } from '../../scripts/run.mjs'
import { startChromium } from '../support/chromium'
import { story } from './story'

const csv = readFileSync('examples/data/penguins.csv', 'utf8')
const expected = await story(csv)

const folder = 'node_modules/.millwright/browser'
mkdirSync(folder, { recursive: true })
// The page's bundle may hold nothing of Node: platform browser refuses node: imports.
await bundle('test/runtime/story.ts', `${folder}/story.js`, {
  platform: 'browser',
  target: 'es2022',
  sourcemap: false,
  inlinePackages: true,
})

const page = `<!doctype html><meta charset="utf-8"><title>story</title><pre id="out">…</pre>
<script type="module">
import { story } from '/story.js'
const out = document.getElementById('out')
try { const result = await story(await (await fetch('/penguins.csv')).text()); out.textContent = JSON.stringify(result, null, 2); window.result = result }
catch (error) { out.textContent = String(error.stack ?? error); window.failure = out.textContent }
</script>`
const server = createServer((request, response) => {
  if (request.url === '/story.js') response.setHeader('Content-Type', 'text/javascript').end(readFileSync(`${folder}/story.js`))
  else if (request.url === '/penguins.csv') response.setHeader('Content-Type', 'text/csv').end(csv)
  else response.setHeader('Content-Type', 'text/html').end(page)
})
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
const browser = await startChromium()
try {
  const tab = await browser.newPage()
  await tab.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  await tab.waitForFunction('window.result || window.failure', undefined, { timeout: 60_000 })
  const [result, failure] = (await tab.evaluate('[window.result, window.failure]')) as [unknown, string | undefined]
  if (failure !== undefined) throw new Error(`the story failed in Chromium: ${failure}`)
  if (!isDeepStrictEqual(result, JSON.parse(JSON.stringify(expected)))) {
    throw new Error(`Chromium and Node disagree:\n${JSON.stringify(result)}\n${JSON.stringify(expected)}`)
  }
  if (tab.workers().length !== 1) throw new Error(`CSV was read with ${tab.workers().length} Web Workers, not 1`)
  console.log(`Chromium ${browser.version()}: the same story, every figure equal to Node's (accuracy ${expected.metrics.accuracy})`)
} finally {
  await browser.close()
  server.close()
}
