import { describe, expect, it } from 'vitest'
import { memoryStorage } from '../../../src/adapters/memory/memory-storage'
import { Pipeline } from '../../../src/pipeline'
import { pipelineHtml } from '../../../src/report'
import { manualClock } from '../../../src/testing/manual-clock'

function build(clock = manualClock(1_700_000_000_000)) {
  return new Pipeline('daily <b>', { storage: memoryStorage(), clock, onFailure: 'continue' })
    .step('load', async () => {
      await clock.advance(1500)
      return [1, 2]
    })
    .map('each', { over: 'load', cache: true, description: 'one & all', run: ({ item }) => item })
    .step('broken', { needs: ['load'], retry: { attempts: 1 }, run: (): number => Promise.reject(new Error('<down>')) as never })
    .step('after', { needs: ['broken'], run: () => 1 })
}

describe('pipelineHtml', () => {
  it('draws the graph, with arrows from each step to those that need it', async () => {
    const text = await pipelineHtml(build())
    expect(text.match(/<path d="M[\d. L]+" fill="none"/g)).toHaveLength(3)
    expect(text).toContain('>load</text>')
    expect(text).toContain('Pipeline daily &#60;b&#62;')
    expect(text).toContain('each of load')
    expect(text).toContain('one &#38; all')
    expect(text).not.toContain('<h2 id="section-3">Results')
    // Needed steps are drawn above.
    const y = (name: string): number => Number(new RegExp(`y="([\\d.]+)" text-anchor="middle">${name}<`).exec(text)?.[1])
    expect(y('load')).toBeLessThan(y('each'))
    expect(y('broken')).toBeLessThan(y('after'))
  })

  it('shows what each step of a run did, when and why', async () => {
    const pipeline = build()
    await pipeline.run({ runId: 'r1', throwOnFailure: false })
    const text = await pipelineHtml(pipeline, { run: await pipeline.inspectRun('r1'), title: 'Nightly' })
    expect(text).toContain('<title>Nightly</title>')
    expect(text).toContain('Run r1: failed.')
    expect(text).toContain('succeeded · 1.5 s')
    expect(text).toContain('succeeded · 0 ms · 2 items')
    expect(text).toContain('&#60;down&#62;')
    expect(text).toContain('2 of 2 items ran; item 0: no earlier result is stored')
    expect(text).toContain('it needs &#34;broken&#34;, which was failed')
    const data = JSON.parse(/id="report-data">(.*?)<\/script>/s.exec(text)?.[1] ?? '')
    expect(data.run.steps.load.status).toBe('succeeded')
    expect(text).not.toContain('<down>')
  })

  it('refuses what is no pipeline', async () => {
    await expect(pipelineHtml({} as never)).rejects.toThrow('pipelineHtml takes a pipeline or its graph, got an empty object')
    await expect(pipelineHtml(build(), { rnu: 1 } as never)).rejects.toThrow('`rnu` is not an option of pipelineHtml')
  })
})
