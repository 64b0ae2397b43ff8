/**
 * Our client in a page of headless Chromium against a real `mlflow server`: a run logged and read from another port of this machine; a queue
 * in the browser's storage that outlives the page while the server is away; what a page hears whose origin the server refuses, and that
 * `--cors-allowed-origins` lets it in.
 *
 *   node scripts/run.mjs test/interop/mlflow/browser_server.ts
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { bundle } from '../../../scripts/run.mjs'
import { startChromium } from '../../support/chromium'
import { freePort, freshFolder, isBefore, mlflowVersion, runPython, startServer } from '../support/mlflow'

const folder = freshFolder()
// The page's bundle may hold nothing of Node: platform browser refuses node: imports.
await bundle('test/interop/mlflow/_browser-page.ts', join(folder, 'page.js'), {
  platform: 'browser',
  target: 'es2022',
  sourcemap: false,
  inlinePackages: true,
})
const script = readFileSync(join(folder, 'page.js'))
const html = '<!doctype html><meta charset="utf-8"><title>page</title><script type="module">window.page = await import("/page.js")</script>'
const site = createServer((request, response) => {
  const isScript = request.url === '/page.js'
  response.setHeader('Content-Type', isScript ? 'text/javascript' : 'text/html').end(isScript ? script : html)
})
await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve))
const sitePort = (site.address() as AddressInfo).port
const local = `http://localhost:${sitePort}`
/** A name that is not local to the server, though it leads here. */
const team = `http://team.example:${sitePort}`

const version = mlflowVersion()
const browser = await startChromium(['--host-resolver-rules=MAP team.example 127.0.0.1'])
const context = await browser.newContext()
const open = async (origin: string): Promise<Page> => {
  const page = await context.newPage()
  await page.goto(origin)
  await page.waitForFunction('window.page', undefined, { timeout: 30_000 })
  return page
}
const call = <T>(page: Page, name: string, url: string): Promise<T> =>
  page.evaluate(`window.page.${name}(${JSON.stringify(url)})`) as Promise<T>
type Refusal = { readonly code: string; readonly message: string; readonly hint: string }
const hear = async (origin: string, url: string): Promise<Refusal> => {
  const heard = await call<Refusal>(await open(origin), 'refusal', url)
  assert.equal(heard.code, 'Unavailable', JSON.stringify(heard))
  assert.ok(heard.hint.includes(`--cors-allowed-origins ${origin}`) && heard.hint.includes('3.5'), heard.hint)
  return heard
}

const port = await freePort()
let server = await startServer(folder, { port })
try {
  if (isBefore(3, 5)) {
    // No page of another origin is answered at all; the error says so.
    await hear(local, server.url)
    console.info(`browser_server: MLflow ${version} answers no page of another origin, and the error says what to do`)
  } else {
    const logged = await call<{ runId: string; found: string }>(await open(local), 'logRun', server.url)
    assert.deepEqual(logged, { runId: logged.runId, found: logged.runId, points: 200, sameBytes: true })
    console.info(`browser_server: a page logs into MLflow ${version} on another port, searches, and reads back`)

    await hear(team, server.url)
    console.info(`browser_server: a page of ${team} is refused by MLflow ${version}, and the error says what to do`)

    await server.stop()
    const away = await open(local)
    assert.deepEqual(await call(away, 'logAway', server.url), { waiting: true, isOnline: false })
    await away.close()
    server = await startServer(folder, { port, parameters: ['--cors-allowed-origins', team] })
    assert.deepEqual(await call(await open(local), 'deliver', server.url), { entries: 0, isOnline: true })
    console.info('browser_server: what a closed page had logged while the server was away arrived from its IndexedDB')

    const admitted = await call<{ runId: string; found: string }>(await open(team), 'logRun', server.url)
    assert.equal(admitted.found, admitted.runId)
    console.info(`browser_server: with --cors-allowed-origins ${team} that page logs, too`)

    const steps = (count: number): number[] => Array.from({ length: count }, (_, i) => i)
    assert.deepEqual(runPython('browser_server.py', server.url), {
      'in Chromium': {
        status: 'FINISHED',
        user: 'ada',
        params: { rate: '0.1', layers: '[4,3]' },
        steps: steps(200),
        files: ['weights'],
        note: null,
      },
      offline: {
        status: 'FINISHED',
        user: 'ada',
        params: {},
        steps: steps(50),
        files: ['note.txt'],
        note: 'written while the server was away',
      },
    })
    console.info(`browser_server: the Python client of MLflow ${version} sees all of it`)
  }
} finally {
  await browser.close()
  await server.stop()
  site.close()
}
