/**
 * Fits, cross-validation and a search on Web Workers in headless Chromium: the bytes and scores of one thread, and of Node. In a page, in a worker of a
 * page, and in a page that may not start workers.
 */
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { bundle } from '../../scripts/run.mjs'
import { startChromium } from '../support/chromium'
import { fits } from './fits-page'

const workers = 2
const alone = JSON.parse(JSON.stringify(await fits(0))) as unknown
assert.deepEqual(await fits(workers), alone, 'Node, on threads')

const folder = 'node_modules/.millwright/fits-page'
mkdirSync(folder, { recursive: true })
const options = { platform: 'browser', target: 'es2022', sourcemap: false, inlinePackages: true } as const
await bundle('test/runtime/fits-page.ts', `${folder}/page.js`, options)
await bundle('test/runtime/fits-worker.ts', `${folder}/worker.js`, options)
const html = `<!doctype html><meta charset="utf-8"><title>fits</title><script type="module">
import { fitsCounted } from '/page.js'
window.inPage = fitsCounted
window.inWorker = (workers) => new Promise((resolve, reject) => {
  const worker = new Worker('/worker.js', { type: 'module' })
  worker.onmessage = ({ data }) => resolve(data)
  worker.onerror = ({ message }) => reject(new Error(message))
  worker.postMessage(workers)
})
</script>`
const server = createServer((request, response) => {
  const script = ['/page.js', '/worker.js'].find((path) => path === request.url)
  if (script !== undefined) response.setHeader('Content-Type', 'text/javascript').end(readFileSync(`${folder}${script}`))
  else if (request.url === '/' || request.url === '/strict') {
    if (request.url === '/strict') response.setHeader('Content-Security-Policy', "worker-src 'none'")
    response.setHeader('Content-Type', 'text/html').end(html)
  } else response.writeHead(404).end()
})
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

const browser = await startChromium()
try {
  const told = async (path: string, call: string): Promise<{ results: unknown; started: number }> => {
    const tab = await (await browser.newContext()).newPage()
    const errors: string[] = []
    tab.on('pageerror', (error) => errors.push(String(error)))
    await tab.goto(url + path)
    await tab.waitForFunction('window.inWorker', undefined, { timeout: 30_000 })
    const answer = (await tab.evaluate(`window.${call}`)) as { results: unknown; started: number }
    assert.deepEqual(errors, [], `${call} at ${path}`)
    await tab.close()
    return answer
  }
  // Threads are kept for the next fit, so all fits together start two.
  assert.deepEqual(await told('/', 'inPage(0)'), { results: alone, started: 0 }, 'a page, on one thread')
  assert.deepEqual(await told('/', `inPage(${workers})`), { results: alone, started: workers }, 'a page, on Web Workers')
  assert.deepEqual(await told('/', `inWorker(${workers})`), { results: alone, started: workers }, 'a worker of a page, on Web Workers')
  assert.deepEqual((await told('/strict', `inPage(${workers})`)).results, alone, 'a page that may not start workers')
  console.log(
    `Fits, cross-validation and a search in Chromium ${browser.version()}: on ${workers} Web Workers, in a page and in a worker, as on one thread and in Node`,
  )
} finally {
  await browser.close()
  server.close()
}
