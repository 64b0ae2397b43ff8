import { describe, expect, it } from 'vitest'
import { memoryTracker } from '../../../src/adapters/memory/memory-tracker'
import { parallelCoordinates } from '../../../src/plot/parallel-coordinates'
import { compareRunsHtml } from '../../../src/report'
import { compareRunsPage } from '../../../src/report/compare-runs'
import { createBareTracker as createTracker } from '../../../src/run'

describe('compareRunsHtml', () => {
  it('is one escaped page with tables, parallel coordinates and curves', async () => {
    const tracker = createTracker({ backend: memoryTracker() })
    const ids: string[] = []
    for (const [i, name] of ['<script>alert(1)</script>', 'two', 'two'].entries()) {
      await tracker.run({ name }, (run) => {
        ids.push(run.runId)
        run.logParams({ depth: i, same: 'yes', 'a b': '"<&>' })
        for (let step = 0; step < 5; step++)
          run.logMetrics({ loss: i === 2 && step === 3 ? Number.NaN : 1 / (step + i + 1), 'system/cpu': 1 }, { step })
        if (i > 0) run.logMetric('f1', 0.5 + i / 10)
      })
    }
    const text = await compareRunsHtml(tracker, ids, { title: 'My <runs>' })
    expect(text).toContain('My &#60;runs&#62;')
    expect(text).not.toMatch(/<script>(?!\s*\{)/)
    expect(text).not.toMatch(/https?:\/\//)
    expect(text).toContain(`two (${ids[1]?.slice(0, 8)})`)
    expect(text).toContain('1 of 3 differ')
    expect(text).toContain('Parallel coordinates')
    expect(text.match(/over steps"/g)).toHaveLength(1)
    expect(text.replace(/<script[\s\S]*?<\/script>/, '')).not.toContain('system/cpu')
    expect(text).not.toContain('NaN')
    expect(await compareRunsHtml(tracker, [ids[0] as string], { metrics: ['f1', 'system/cpu'] })).toContain('system/cpu')
    await expect(compareRunsHtml(tracker, [])).rejects.toMatchObject({ code: 'InvalidArgument' })
    await expect(compareRunsHtml(tracker, ['nobody'])).rejects.toMatchObject({ code: 'NotFound' })
    expect(compareRunsPage({ comparison: await tracker.compareRuns(ids), histories: {} })).not.toContain('over steps')
  })
})

describe('wrong input of compareRunsHtml', () => {
  it('is named', async () => {
    const tracker = createTracker({ backend: memoryTracker() })
    const forgotten = Promise.resolve() as never
    const told = 'a Promise (did you forget `await`?)'
    await expect(compareRunsHtml(forgotten, [])).rejects.toThrow(`compareRunsHtml needs a tracker, got ${told}`)
    await expect(compareRunsHtml(tracker, forgotten)).rejects.toThrow(`compareRuns takes an array of run ids, got ${told}`)
    await expect(compareRunsHtml(tracker, [], { titel: 'x' } as never)).rejects.toThrow('`titel` is not an option of compareRunsHtml')
    expect(() => compareRunsPage(forgotten)).toThrow(`compareRunsPage takes an object with \`comparison\`, \`histories\`, got ${told}`)
    expect(() => compareRunsPage({ comparison: forgotten, histories: {} })).toThrow(told)
  })

  it('long values are shortened in tables', async () => {
    const tracker = createTracker({ backend: memoryTracker() })
    const run = await tracker.startRun()
    run.logParam('note', 'x'.repeat(200))
    await run.finish()
    expect(await compareRunsHtml(tracker, [run.runId])).toContain(`>${'x'.repeat(36)}…${'x'.repeat(11)}</span>`)
  })
})

describe('parallelCoordinates', () => {
  it('places numbers, logarithms and texts, and breaks where a value is missing', () => {
    const { html } = parallelCoordinates({
      description: 'd',
      height: 326,
      lines: ['a', 'b', 'c'].map((name) => ({ name, colour: 'a' as const })),
      axes: [
        { name: 'linear', values: [0, 5, 10] },
        { name: 'log', values: [1, 100, 10_000] },
        { name: 'text', values: ['x', null, 'y'] },
      ],
    })
    // From y = 44 (top) to 300 (bottom): the middle is 172, on the logarithmic axis too.
    const paths = [...html.matchAll(/<path d="([^"]*)"/g)].map(([, path]) => path)
    expect(paths).toEqual(['M64,300L512,300L960,44', 'M64,172L512,172', 'M64,44L512,44L960,300'])
  })
})
