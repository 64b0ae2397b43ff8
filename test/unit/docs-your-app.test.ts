/** The snippets of docs/guide/your-app.md, run as they stand there. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterAll, describe, expect, it, vi } from 'vitest'
// Loaded ahead, so that the time of the tests is that of the snippets.
import '../../src'
import '../../src/node'

const root = fileURLToPath(new URL('../..', import.meta.url))
const work = `${root}node_modules/.millwright/your-app-${process.pid}`
const page = readFileSync(`${root}docs/guide/your-app.md`, 'utf8')
const snippets = [...page.matchAll(/^## ([^\n]+)\n(?:(?!^## )[\s\S])*?^```ts\n([\s\S]*?)^```/gm)].map(([, title = '', code = '']) => ({
  title,
  code,
}))

describe('docs/guide/your-app.md', () => {
  afterAll(() => rmSync(work, { recursive: true, force: true }))

  it('has a snippet for each framework', () => {
    expect(snippets.map(({ title }) => title)).toEqual(['node:http', 'Express', 'Fastify', 'Hono', 'Next.js', 'Without a route of ours'])
  })

  it.each(snippets)('$title prints what the page says', async ({ title, code }) => {
    mkdirSync(work, { recursive: true })
    const file = `${work}/${title.replace(/\W+/g, '-')}.ts`
    writeFileSync(file, code)
    const log = vi.spyOn(console, 'log').mockImplementation(() => {})
    try {
      await import(/* @vite-ignore */ pathToFileURL(file).href)
      const said = log.mock.calls.map((line) => line.map((part) => (typeof part === 'string' ? part : JSON.stringify(part))).join(' '))
      expect(said).toHaveLength(1)
      if (title === 'node:http')
        expect(said[0]).toMatch(/^\{"predictions":\[\{"id":"[^"]+","prediction":[\d.]+\}\],"model":"model","version":"0"\}$/)
      else if (title === 'Without a route of ours') expect(code).toContain(`// ${said[0]}`)
      else expect(Number(/^200 ([\d.]+)$/.exec(said[0] as string)?.[1])).toBeCloseTo(20, 9)
    } finally {
      log.mockRestore()
    }
  })
})
