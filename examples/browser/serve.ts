/** Bundles the page and serves it on loopback: node scripts/run.mjs examples/browser/serve.ts [port] */
import { mkdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { bundle } from '../../scripts/run.mjs'

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
const out = 'node_modules/.millwright/browser-example'
mkdirSync(out, { recursive: true })
await bundle(here('./page.ts'), `${out}/page.js`, {
  platform: 'browser',
  target: 'es2022',
  minify: true,
  sourcemap: false,
  inlinePackages: true,
})

const files: Readonly<Record<string, readonly [path: string, type: string]>> = {
  '/': [here('./index.html'), 'text/html; charset=utf-8'],
  '/page.js': [`${out}/page.js`, 'text/javascript'],
  '/penguins.csv': [here('../data/penguins.csv'), 'text/csv'],
}
const server = createServer((request, response) => {
  const file = files[request.url ?? '']
  if (file === undefined) response.writeHead(404).end()
  else response.writeHead(200, { 'Content-Type': file[1] }).end(readFileSync(file[0]))
})
server.listen(Number(process.argv[2] ?? 0), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}/  (Ctrl+C stops it)`)
})
