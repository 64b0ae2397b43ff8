/**
 * The page `examples/browser/train`, built with Vite and used in Chromium as a person would: a training is cancelled, another one ends, a row is
 * predicted by the model and by onnxruntime-web from its ONNX file, the model is downloaded, and onnxruntime gives the answers that the page shows; then a file of two megabytes is dropped on it. `--show <file>` saves a picture.
 */
import assert from 'node:assert/strict'
import { readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join, normalize } from 'node:path'
import type { Page } from 'playwright-core'
import { build } from 'vite'
import { startChromium } from '../../support/chromium'
import { runCase } from './_cases'

const out = '.build/train-page'
const types: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.csv': 'text/csv',
  '.css': 'text/css',
  '.wasm': 'application/wasm',
}

await build({ configFile: 'examples/browser/train/vite.config.ts', logLevel: 'warn' })
const server = createServer((request, response) => {
  const path = normalize(new URL(request.url ?? '/', 'http://page').pathname)
  try {
    const bytes = readFileSync(join(out, path === '/' ? 'index.html' : path))
    response.setHeader('Content-Type', types[extname(path === '/' ? '.html' : path)] ?? types['.html'] ?? '').end(bytes)
  } catch {
    response.writeHead(404).end()
  }
})
await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
const browser = await startChromium()
try {
  const page = await browser.newPage({ viewport: { width: 900, height: 1250 } })
  page.on('pageerror', (error) => {
    throw error
  })
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  await stateIs(page, 'ready')
  await page.selectOption('#target', 'species')

  await setTrees(page, 2000)
  await page.click('#train')
  await page.waitForFunction("document.getElementById('bar').value > 0")
  await page.click('#cancel')
  await stateIs(page, 'ready')
  assert.equal(await page.textContent('#status'), 'cancelled; nothing was kept')
  console.log('a training of 2,000 trees was cancelled while it ran')

  await setTrees(page, 300)
  await page.click('#train')
  await stateIs(page, 'trained')
  const status = (await page.textContent('#status')) ?? ''
  assert.ok(Number(/^accuracy (0\.\d+|1\.0+) /.exec(status)?.[1]) > 0.95, status)
  assert.match((await page.textContent('#importance')) ?? '', /flipper_length_mm|bill_length_mm/)
  const [downloaded] = await Promise.all([page.waitForEvent('download'), page.click('#download')])
  await page.waitForFunction("document.getElementById('file').textContent !== ''")
  assert.equal(downloaded.suggestedFilename(), 'species.onnx')
  const bytes = readFileSync(await downloaded.path())
  const [head = [], ...rows] = await cells(page)
  const asked = rows.map((row) => Object.fromEntries(head.slice(2).map((name, i) => [name, cellOf(row[i + 2] as string)])))
  const { labels } = await runCase({ name: 'the downloaded file', model: bytes.toString('base64'), options: {}, rows: asked }, undefined)
  assert.deepEqual(
    labels,
    rows.map(([predicted]) => predicted),
  )
  console.log(`${status}; ${await page.textContent('#file')}; onnxruntime-node gives the ${labels.length} labels that the page shows`)
  await page.fill('#fields [name=body_mass_g]', '')
  await page.click('#row button')
  await page.waitForFunction("document.getElementById('answers').children.length > 0")
  const [own = '', exported = ''] = await page.$$eval('#answers p', (lines) => lines.map((line) => line.textContent ?? ''))
  const answerOf = (line: string): string => line.slice(line.indexOf(': ') + 2)
  assert.match(own, /^millwright: (Adelie|Chinstrap|Gentoo) \(Adelie \d+\.\d\d %, Chinstrap .*, Gentoo /)
  assert.match(exported, /^its ONNX file, by onnxruntime-web: /)
  assert.equal(answerOf(exported), answerOf(own))
  console.log(`a row with a missing value: ${own}; the same by onnxruntime-web in the page`)
  const picture = process.argv[process.argv.indexOf('--show') + 1]
  if (process.argv.includes('--show') && picture !== undefined) await page.screenshot({ path: picture })

  const lines = Array.from(
    { length: 60_000 },
    (_, i) => `${i % 7},${(i * 31) % 97},${i % 3 === 0 ? 'a' : 'b'},${((i % 7) * 3 + ((i * 31) % 97)) / 2}\n`,
  )
  await page.setInputFiles('#file-input', {
    name: 'made.csv',
    mimeType: 'text/csv',
    buffer: Buffer.from(`x,y,kind,sum\n${lines.join('')}`.padEnd(2_000_000, '\n')),
  })
  await page.waitForFunction("document.getElementById('data').textContent.startsWith('60000 rows')")
  await page.selectOption('#target', 'sum')
  await setTrees(page, 50)
  await page.click('#train')
  await stateIs(page, 'trained')
  const fit = (await page.textContent('#status')) ?? ''
  assert.match(fit, /^r2 (0\.99|1\.0)/)
  console.log(`a file of two megabytes: ${fit}`)
} finally {
  await browser.close()
  server.close()
  rmSync(out, { recursive: true, force: true })
}

async function stateIs(page: Page, state: string): Promise<void> {
  await page.waitForFunction(`document.body.dataset.state === '${state}'`, undefined, { timeout: 120_000 })
}

async function setTrees(page: Page, count: number): Promise<void> {
  await page.evaluate(`(() => {
    const trees = document.getElementById('trees')
    trees.value = ${count}
    trees.dispatchEvent(new Event('input'))
  })()`)
}

/** The table of rows: the head, then the lines. */
function cells(page: Page): Promise<string[][]> {
  return page.evaluate("[...document.querySelectorAll('#examples tr')].map((row) => [...row.children].map((cell) => cell.textContent))")
}

/** A cell of the page as it was in the row. */
function cellOf(text: string): string | number | null {
  if (text === '–') return null
  return /^-?\d/.test(text) ? Number(text) : text
}
