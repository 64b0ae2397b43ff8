/** Runs every mistake of docs/guide/mistakes.md and compares the message with the page's. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import * as main from '../../../src/index'

const page = readFileSync(fileURLToPath(new URL('../../../docs/guide/mistakes.md', import.meta.url)), 'utf8')
const mistakes = [...page.matchAll(/```js\n([\s\S]*?)```\n```text\n([^\n]*)\n```/g)].map(([, code = '', message = '']) => ({
  code,
  message,
}))

/** The names that the page says it uses. */
async function scope(): Promise<Record<string, unknown>> {
  const rows = Array.from({ length: 30 }, (_, i) => ({ carrier: i % 2 ? 'UA' : 'AA', delay: i % 7, late: i % 3 === 0 ? 'yes' : 'no' }))
  const data = main.fromRows(rows)
  const model = main.chain([main.simpleImputer(), main.oneHotEncoder(), main.logisticRegression()])
  const fitted = model.fit(data, { target: 'late' })
  const storage = main.memoryStorage()
  const registry = new main.ModelRegistry({ storage })
  await registry.register('flights', fitted, { metrics: { accuracy: 0.7 } })
  await registry.setAlias('flights', 'champion', '1')
  return { ...main, outputOf: main.outputOf, data, model, fitted, registry, tracker: main.createTracker({ storage }) }
}

async function messageOf(code: string): Promise<string> {
  const names = await scope()
  const run = new Function(...Object.keys(names), `return (async () => {\n${code}})()`)
  // What the mistake leaves running (the Promise nobody awaited) may fail later.
  const result = run(...Object.values(names)) as Promise<unknown>
  return result.then(
    () => 'no error',
    (error: unknown) => {
      if (!main.isMillwrightError(error)) throw error
      return error.message
    },
  )
}

describe('docs/guide/mistakes.md', () => {
  it('has some thirty mistakes', () => {
    expect(mistakes.length).toBeGreaterThanOrEqual(25)
    expect(page.match(/```js/g)).toHaveLength(mistakes.length)
  })

  it.each(mistakes)('$message', async ({ code, message }) => {
    expect((await messageOf(code)).replace(/[0-9a-f]{32}/, '…')).toBe(message)
  })
})
