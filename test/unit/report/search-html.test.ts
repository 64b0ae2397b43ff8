import { describe, expect, it } from 'vitest'
import { choice, optimize, uniform } from '../../../src/learn'
import { searchHtml } from '../../../src/report'

describe('searchHtml', () => {
  it('shows what was found, escapes names, and holds the trials as JSON', async () => {
    const found = await optimize(({ x }) => (x as number) ** 2, {
      params: { x: uniform(-1, 1), '<b>kind</b>': choice(['a', null, '<i>']) },
      trials: 14,
      seed: 1,
    })
    const page = searchHtml(found)
    expect(page).toContain('optimize: objective')
    expect(page).not.toMatch(/<b>kind<\/b>|<i>/)
    expect(page.match(/<path /g)?.length).toBeGreaterThan(12)
    const json = page.match(/id="report-data"[^>]*>([^<]*)</)?.[1] ?? ''
    expect(JSON.parse(json).trials).toHaveLength(14)
  })

  it('refuses what is no result', () => {
    expect(() => searchHtml({} as never)).toThrow(/takes the result of a search/)
  })
})
