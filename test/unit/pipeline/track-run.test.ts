import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { memoryStorage } from '../../../src/adapters/memory/memory-storage'
import { memoryTracker } from '../../../src/adapters/memory/memory-tracker'
import { Pipeline } from '../../../src/pipeline'
import { createBareTracker } from '../../../src/run'

describe('a tracked pipeline', () => {
  it('is a run with a child run for each step, with parameters, times and lineage', async () => {
    const tracker = createBareTracker({ backend: memoryTracker() })
    const pipeline = new Pipeline('daily', {
      tracker,
      storage: memoryStorage(),
      params: z.object({ depth: z.int().default(3), rate: z.number().default(0.5) }),
    })
      .step('load', () => [1, 2])
      .step('fit', {
        needs: ['load'],
        params: ['depth'],
        run: ({ params, run, inputs }) => {
          run?.logMetric('accuracy', 0.75)
          return inputs.load.length * params.depth
        },
      })
      .step('never', { needs: ['fit'], when: () => false, run: () => 1 })
    const result = await pipeline.run({ runId: 'r1', seed: 7 })
    const [parent] = await tracker.search({ filter: "tags.`millwright.pipeline_run` = 'r1'", experiment: 'daily' })
    expect(parent).toMatchObject({
      status: 'finished',
      params: { depth: '3', rate: '0.5' },
      tags: { 'millwright.pipeline': 'daily', 'millwright.status': 'finished', 'millwright.seed': '7' },
    })
    expect(parent?.metrics.steps_succeeded?.value).toBe(2)
    expect(new TextDecoder().decode(await tracker.readArtifact(parent?.runId as string, 'pipeline/graph.mmd'))).toContain('s0 --> s1')
    const children = (await tracker.search({ experiment: 'daily' })).filter((run) => run.tags['mlflow.parentRunId'] === parent?.runId)
    expect(children.map((run) => run.runName).sort()).toEqual(['fit', 'load', 'never'])
    const fit = children.find((run) => run.runName === 'fit')
    expect(fit).toMatchObject({
      status: 'finished',
      params: { depth: '3' },
      tags: { 'millwright.needs': 'load', 'millwright.output': result.steps.fit.digest },
    })
    expect(fit?.params.rate).toBeUndefined()
    expect(fit?.metrics.accuracy?.value).toBe(0.75)
    expect(fit?.datasets).toMatchObject([{ name: 'daily.load', digest: result.steps.load.digest?.slice(0, 36) }])
    expect((await pipeline.inspectRun('r1')).trackedRun).toBe(parent?.runId)
  })

  it('goes on with the same run when resumed, and without a tracker that fails', async () => {
    const tracker = createBareTracker({ backend: memoryTracker() })
    let broken = true
    const storage = memoryStorage()
    const pipeline = new Pipeline('p', { storage, tracker }).step('a', () => {
      if (broken) throw new Error('down')
      return 1
    })
    await pipeline.run({ runId: 'r', throwOnFailure: false })
    const before = (await pipeline.inspectRun('r')).trackedRun as string
    expect((await tracker.getRun(before)).status).toBe('failed')
    broken = false
    await pipeline.resume('r')
    expect((await pipeline.inspectRun('r')).trackedRun).toBe(before)
    expect((await tracker.getRun(before)).status).toBe('finished')
    const errors: unknown[] = []
    pipeline.on('error', (error) => errors.push(error))
    const down = { startRun: () => Promise.reject(new Error('no tracker')), resumeRun: () => Promise.reject(new Error('no tracker')) }
    expect((await pipeline.run({ tracker: down })).status).toBe('finished')
    expect(errors).toEqual([new Error('no tracker')])
  })
})
