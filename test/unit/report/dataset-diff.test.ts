import { describe, expect, it } from 'vitest'
import { memoryStorage } from '../../../src/adapters/memory/memory-storage'
import { DatasetStore, fromRows } from '../../../src/dataset'
import { datasetDiffHtml } from '../../../src/report'

describe('datasetDiffHtml', () => {
  it('shows rows, schema and statistics, everything escaped, nothing fetched', async () => {
    const store = new DatasetStore({ storage: memoryStorage() })
    await store.commit(
      'a<b>',
      fromRows([
        { id: 1, mass: 10, '<i>': 'x' },
        { id: 2, mass: 20, '<i>': 'y' },
      ]),
      { message: '<script>alert(1)</script>' },
    )
    await store.commit(
      'a<b>',
      fromRows([
        { id: 2, mass: 21, '<i>': '</script><b>' },
        { id: 3, mass: 30, '<i>': 'z' },
      ]),
      { tags: ['prod'] },
    )
    const page = datasetDiffHtml(await store.diff('a<b>@1', 'a<b>@2', { key: 'id' }))
    expect(page).toMatch(/^<!doctype html>/)
    expect(page).not.toMatch(/<script>|<b>@|<i>|https?:/)
    expect(page).toContain('Rows: 1 added, 1 removed, 1 changed; 3 of 3 columns differ.')
    for (const text of [
      'Rows added',
      'Rows removed',
      'Rows changed',
      'id=2',
      '<span class="bad">20</span>',
      '<span class="good">21</span>',
      'prod',
    ]) {
      expect(page).toContain(text)
    }
    const json = /<script type="application\/json" id="report-data">([\s\S]*?)<\/script>/.exec(page)?.[1] ?? ''
    expect(JSON.parse(json).rows).toMatchObject({ added: 1, removed: 1, changed: 1 })
  })

  it('shows files, and versions that are the same', async () => {
    const store = new DatasetStore({ storage: memoryStorage() })
    await store.commit('f', { 'a.txt': 'a', 'b.txt': 'b' })
    await store.commit('f', { 'a.txt': 'changed', 'c.txt': 'c' })
    const page = datasetDiffHtml(await store.diff('f@1', 'f@2'), { title: 'Mine' })
    for (const text of ['<h1>Mine</h1>', 'a.txt', 'c.txt', 'Files changed']) expect(page).toContain(text)
    expect(datasetDiffHtml(await store.diff('f@1', 'f@1'))).toContain('The two versions have the same content.')
    // biome-ignore lint/suspicious/noExplicitAny: a caller without types
    expect(() => datasetDiffHtml({} as any)).toThrow('datasetDiffHtml takes the diff of two versions, got an empty object')
  })
})
