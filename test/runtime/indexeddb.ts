/**
 * The suites of storage, tracker and registry over the real IndexedDB of headless Chromium, two tabs at once, versions of datasets, and an offline queue
 * over a reload.
 */
import { mkdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { isDeepStrictEqual } from 'node:util'
import type { Page } from 'playwright-core'
import { bundle } from '../../scripts/run.mjs'
import { startChromium } from '../support/chromium'
import type { PageResult } from './indexeddb-page'

const folder = 'node_modules/.millwright/browser'
mkdirSync(folder, { recursive: true })
await bundle('test/runtime/indexeddb-page.ts', `${folder}/indexeddb-page.js`, {
  platform: 'browser',
  target: 'es2022',
  sourcemap: false,
  inlinePackages: true,
})
const html = `<!doctype html><meta charset="utf-8"><title>storage</title><script type="module">
import * as page from '/page.js'
window.page = page
</script>`
const server = createServer((request, response) => {
  if (request.url === '/page.js') response.setHeader('Content-Type', 'text/javascript').end(readFileSync(`${folder}/indexeddb-page.js`))
  else response.setHeader('Content-Type', 'text/html').end(html)
})
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`

/** Calls a function of the page's module. */
const call = async <T>(tab: Page, name: string, ...args: readonly (string | number)[]): Promise<T> => {
  await tab.waitForFunction('window.page', undefined, { timeout: 30_000 })
  return tab.evaluate(`window.page.${name}(...${JSON.stringify(args)})`) as Promise<T>
}
const expectSame = (actual: unknown, expected: unknown, what: string): void => {
  if (!isDeepStrictEqual(actual, expected)) throw new Error(`${what}: ${JSON.stringify(actual)}, expected ${JSON.stringify(expected)}`)
  console.log(`${what}: as expected`)
}

const browser = await startChromium()
try {
  const context = await browser.newContext()
  const tab = await context.newPage()
  await tab.goto(url)
  const results = await call<Readonly<Record<string, PageResult>>>(tab, 'suites')
  for (const [name, { passed, failures }] of Object.entries(results)) {
    if (failures.length > 0) throw new Error(`${name} over IndexedDB in Chromium:\n${failures.join('\n')}`)
    console.log(`IndexedDB in Chromium ${browser.version()}, suite of the ${name}: ${passed} checks passed`)
  }

  for (const seed of [1, 2, 3])
    expectSame(await call(tab, 'compare', seed, 500), '500 calls agree', `random calls against memoryStorage, seed ${seed}`)

  const other = await context.newPage()
  await other.goto(url)
  const [first, second] = await Promise.all([call<string[]>(tab, 'contend', 'tab1', 200), call<string[]>(other, 'contend', 'tab2', 200)])
  expectSame(first.length + second.length, 200, 'two tabs creating the same 200 keys: each is won once')
  expectSame(await call(tab, 'lines'), { tab1: 200, tab2: 200, torn: 0 }, 'lines appended by two tabs at once')

  const commits = await Promise.all([call<number[]>(tab, 'commitVersions', 'tab1', 5), call<number[]>(other, 'commitVersions', 'tab2', 5)])
  expectSame(
    commits.flat().sort((a, b) => a - b),
    Array.from({ length: 10 }, (_, i) => i + 1),
    'two tabs committing versions of one dataset',
  )

  const logged = await call<number>(tab, 'logOffline')
  await tab.goto('about:blank')
  await tab.goto(url)
  expectSame(
    await call(tab, 'deliver'),
    {
      runs: 1,
      status: 'finished',
      name: 'before the reload',
      params: { depth: '3' },
      points: logged,
      inOrder: true,
      note: 'kept by the browser',
      waiting: 0,
    },
    'a run logged without a server, delivered after a reload',
  )
  expectSame(
    await call(tab, 'useVersions'),
    { versions: 10, whole: true, prod: 1, changedRows: 100, chunksLeft: 'fewer', problems: 0, stillThere: 2000 },
    'versions of a dataset after a reload: load, tag, diff, gc, verify',
  )
} finally {
  await browser.close()
  server.close()
}
