/** The examples of changing models end as they should, and their pages look right in Chromium: light, dark, on a phone, and to axe. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { startChromium } from '../../support/chromium'
import { checkPage } from '../../support/page-check'
import { runCommand } from '../../support/run-command'

const folder = '.build/deploy-lane/pages'
rmSync(folder, { recursive: true, force: true })
const run = (example: string, args: readonly string[]): Promise<string> =>
  runCommand(process.execPath, ['scripts/run.mjs', `examples/${example}/main.ts`, ...args])

const changed = await run('ab-test', [folder])
assert.match(changed, /rolled-back, step \d, 0 %: correct: 0\.\d+ against 0\.\d+: significantly worse\n {2}champion is version 1/)
assert.match(changed, /promoted, step 4, 100 %: the promotion is done\n {2}champion is version 3/)
assert.match(changed, /Take boosted: it is better than forest in hired/)
const service = join(folder, 'service')
for (const champion of ['promoted, 100 % for version 2: the promotion is done\nchampion is version 2', 'champion is penguins-2']) {
  assert.ok((await run('service', [service])).includes(champion), champion)
}

const pages = readdirSync(folder).filter((name) => name.endsWith('.html'))
assert.deepEqual(pages.sort(), ['ab-test.html', 'canary-2.html', 'canary-3.html'])
const browser = await startChromium()
try {
  for (const name of pages) {
    const page = readFileSync(join(folder, name), 'utf8')
    assert.ok(page.length < 300_000, `${name} is too large`)
    assert.deepEqual(await checkPage(browser, page), { console: [], axe: [], overflow: [] }, name)
  }
} finally {
  await browser.close()
}
console.info('a worse model is rolled back and a better one promoted; three pages are clean in light, in dark and on a phone')
