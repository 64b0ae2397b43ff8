/** Opens a page in headless Chromium as a reader would: light and dark, on a desk and a phone, and has axe-core look at it. */
import { readFileSync } from 'node:fs'
import type { AxeResults } from 'axe-core'
import type { Browser } from 'playwright-core'

/** What was found wrong; an empty list is a good page. */
export interface PageProblems {
  /** Errors and warnings of the console, failed requests, and scripts' exceptions. */
  readonly console: readonly string[]
  /** Violations of axe-core's rules, one line each. */
  readonly axe: readonly string[]
  /** Whether the page is wider than the screen. */
  readonly overflow: readonly string[]
}

const views = [
  { name: 'desk, light', viewport: { width: 1280, height: 900 }, colorScheme: 'light' },
  { name: 'desk, dark', viewport: { width: 1280, height: 900 }, colorScheme: 'dark' },
  { name: 'phone, dark', viewport: { width: 390, height: 800 }, colorScheme: 'dark' },
] as const

/**
 * Looks at a page in three views; `screenshots` saves each as `<path>-<n>.png`.
 *
 * The page's own policy forbids every script, so axe-core runs in a world of its own.
 */
export async function checkPage(browser: Browser, htmlText: string, screenshots?: string): Promise<PageProblems> {
  const axeSource = readFileSync('node_modules/axe-core/axe.min.js', 'utf8')
  const found = { console: [] as string[], axe: [] as string[], overflow: [] as string[] }
  for (const [i, { name, viewport, colorScheme }] of views.entries()) {
    const context = await browser.newContext({ viewport, colorScheme, offline: true, bypassCSP: true })
    const page = await context.newPage()
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') found.console.push(`${name}: ${message.text()}`)
    })
    page.on('pageerror', (error) => found.console.push(`${name}: ${error.message}`))
    await page.setContent(htmlText)
    if (screenshots !== undefined) await page.screenshot({ path: `${screenshots}-${i}.png`, fullPage: true })
    const width = await page.evaluate('document.documentElement.scrollWidth')
    if ((width as number) > viewport.width) found.overflow.push(`${name}: ${width} pixels wide`)
    await page.evaluate(axeSource)
    const { violations } = (await page.evaluate('axe.run()')) as AxeResults
    for (const { id, help, nodes } of violations) {
      found.axe.push(
        `${name}: ${id}: ${help} (${nodes.length}): ${nodes[0]?.html.slice(0, 200)} ${nodes[0]?.failureSummary?.slice(0, 200)}`,
      )
    }
    await context.close()
  }
  return found
}
