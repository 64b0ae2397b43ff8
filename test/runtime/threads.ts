/** The executor checks in headless Chromium, with steps in Web Workers. */
import { mkdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { bundle } from '../../scripts/run.mjs'
import { startChromium } from '../support/chromium'

const folder = 'node_modules/.millwright/threads-page'
mkdirSync(folder, { recursive: true })
const options = { platform: 'browser', target: 'es2022', sourcemap: false, inlinePackages: true } as const
await bundle('test/runtime/threads-page.ts', `${folder}/page.js`, options)
await bundle('test/runtime/threads-worker.ts', `${folder}/worker.js`, options)
const html = `<!doctype html><meta charset="utf-8"><title>threads</title><script type="module">
import * as page from '/page.js'
window.page = page
</script>`
const server = createServer((request, response) => {
  const script = ['/page.js', '/worker.js'].find((path) => path === request.url)
  if (script !== undefined) response.setHeader('Content-Type', 'text/javascript').end(readFileSync(`${folder}${script}`))
  else if (request.url === '/') response.setHeader('Content-Type', 'text/html').end(html)
  else response.writeHead(404).end()
})
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))

const browser = await startChromium()
try {
  const tab = await (await browser.newContext()).newPage()
  await tab.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  await tab.waitForFunction('window.page', undefined, { timeout: 30_000 })
  const { passed, failures } = (await tab.evaluate('window.page.check()')) as { passed: number; failures: string[] }
  if (failures.length > 0) throw new Error(`executor checks with Web Workers in Chromium:\n${failures.join('\n')}`)
  console.log(`Web Workers in Chromium ${browser.version()}: ${passed} checks of the executor port passed`)
} finally {
  await browser.close()
  server.close()
}
