/** The engines that every case runs on: onnxruntime-node, onnxruntime-web in Node, and onnxruntime-web in a page of Chromium. */
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { basename, join, resolve } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { bundle } from '../../../scripts/run.mjs'
import type { OnnxLib } from '../../../src/adapters/onnxruntime/onnx-runtime'
import { startChromium } from '../../support/chromium'
import { type Answers, type Case, conformance, runCase } from './_cases'

/** Runs a case. */
export type RunCase = (asked: Case) => Promise<Answers>

/** The engines by name, and how they are closed. */
export interface Engines {
  readonly node: RunCase
  readonly web: RunCase
  readonly page: RunCase
  /** The WebGPU provider of the same engine in another page; `undefined` where Chromium has no adapter. */
  readonly gpu: RunCase | undefined
  /** The conformance suite on onnxruntime-web, in Node and in the page. */
  readonly conformance: Readonly<Record<'web' | 'page', (asked: Case, expected: readonly string[]) => ReturnType<typeof conformance>>>
  /** Of Chromium. */
  readonly version: string
  close(): Promise<void>
}

/** Starts all of them. */
export async function startEngines(): Promise<Engines> {
  const require = createRequire(join(resolve('.venvs/onnx-web'), 'package.json'))
  const web = require('onnxruntime-web') as OnnxLib & { env: { wasm: { numThreads: number } }; default?: unknown }
  web.env.wasm.numThreads = 1
  const server = await servePage()
  // A GPU in software, so that there is one on every machine.
  const browser = await startChromium(['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'])
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const [tab, gpuTab] = [await openPage(browser, url), await openPage(browser, `${url}/gpu`)]
  const hasGpu = await gpuTab.evaluate('navigator.gpu?.requestAdapter().then((adapter) => adapter !== null) ?? false')
  return {
    node: (asked) => runCase(asked, undefined),
    web: (asked) => runCase(asked, web),
    page: (asked) => called<Answers>(tab, 'runCase', asked),
    gpu: hasGpu ? (asked) => called<Answers>(gpuTab, 'runCase', asked) : undefined,
    conformance: {
      web: (asked, expected) => conformance(asked, expected, web),
      page: (asked, expected) => called(tab, 'conformance', asked, expected),
    },
    version: browser.version(),
    async close() {
      await browser.close()
      server.close()
    },
  }
}

async function openPage(browser: Browser, url: string): Promise<Page> {
  const tab = await browser.newPage()
  tab.on('pageerror', (error) => console.log(`page: ${error.message}`))
  await tab.goto(url)
  await tab.waitForFunction('window.runCase', undefined, { timeout: 60_000 })
  return tab
}

/** Calls a function of the page. */
function called<T>(tab: Page, name: string, ...given: readonly unknown[]): Promise<T> {
  return tab.evaluate(
    ([fn, args]) => (window as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>)[fn]?.(...args) as Promise<T>,
    [name, given] as [string, unknown[]],
  ) as Promise<T>
}

/** Serves a page whose `runCase` runs a case on onnxruntime-web. */
async function servePage(): Promise<ReturnType<typeof createServer>> {
  const folder = 'node_modules/.millwright/onnx-web'
  mkdirSync(folder, { recursive: true })
  const file = join(folder, `cases-${process.pid}.js`)
  await bundle('test/interop/onnx-web/_cases.ts', file, { platform: 'browser', target: 'es2022', sourcemap: false, inlinePackages: true })
  const cases = readFileSync(file)
  const dist = resolve('.venvs/onnx-web/node_modules/onnxruntime-web/dist')
  const pageOf = (build: string, sessionOptions: object): string => `<!doctype html><meta charset="utf-8"><title>onnx</title>
<script type="module">
import * as ort from '/ort/${build}'
import { conformance, runCase } from '/cases.js'
ort.env.wasm.wasmPaths = '/ort/'
ort.env.wasm.numThreads = 1
window.conformance = (asked, expected) => conformance(asked, expected, ort)
window.runCase = (asked) => runCase(asked, ort, ${JSON.stringify(sessionOptions)})
</script>`
  const server = createServer((request, response) => {
    const path = (request.url ?? '/').split('?')[0] as string
    const type = path.endsWith('.wasm') ? 'application/wasm' : 'text/javascript'
    if (path === '/cases.js') response.setHeader('Content-Type', type).end(cases)
    else if (path.startsWith('/ort/')) response.setHeader('Content-Type', type).end(readFileSync(join(dist, basename(path))))
    else if (path === '/gpu') response.setHeader('Content-Type', 'text/html').end(pageOf('ort.min.mjs', { executionProviders: ['webgpu'] }))
    else response.setHeader('Content-Type', 'text/html').end(pageOf('ort.wasm.min.mjs', {}))
  })
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
  return server
}

/** Labels equal, numbers within `tolerance`. @throws AssertionError */
export function assertClose(found: Answers, expected: Partial<Answers>, tolerance: number, what: string): void {
  if (expected.labels !== undefined) assert.deepEqual(found.labels, expected.labels, what)
  if (expected.numbers === undefined) return
  assert.equal(found.numbers.length, expected.numbers.length, what)
  for (const [i, value] of expected.numbers.entries()) {
    const other = found.numbers[i] as number
    assert.ok(Object.is(value, other) || Math.abs(value - other) <= tolerance, `${what}: ${other} for ${value} at place ${i}`)
  }
}
