import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { memoryStorage } from '../../../src/adapters/memory/memory-storage'
import { errorFromJson, MillwrightError } from '../../../src/core/errors'
import { Pipeline, type StepJob, type StepJobRef } from '../../../src/pipeline'
import type { Executor } from '../../../src/ports/executor'
import type { ObjectStore } from '../../../src/ports/object-store'

const params = z.object({ by: z.number().default(2), from: z.date().default(new Date(0)) })

/** A pipeline as each process would build it. */
function build(storage: ObjectStore | undefined, executor?: Executor) {
  return new Pipeline('jobs', { storage, executor, params, secrets: ['KEY'] })
    .step('list', ({ input, log }) => {
      log(`from ${(input as { start: number }).start}`)
      return [1, 2, 3].map((n) => n + (input as { start: number }).start)
    })
    .map('twice', {
      over: 'list',
      params: ['by', 'from'],
      run: ({ item, params }) => new Float64Array([item * params.by, params.from.getTime()]),
    })
    .map('first', { over: 'twice', run: ({ item, seed }) => (item[0] as number) + (seed % 1) })
    .step('sum', {
      needs: ['first', 'list'],
      secrets: ['KEY'],
      retry: { attempts: 2, backoffMs: 0 },
      run: ({ inputs, secrets, attempt, progress }) => {
        progress({ done: 1, total: 1, unit: 'rows' })
        if (attempt === 1) throw new MillwrightError('Unavailable', `no answer to ${secrets.KEY}`)
        return inputs.first.reduce((a, b) => a + b, 0) + inputs.list.length
      },
    })
    .step('report', { needs: ['sum'], trigger: 'all-done', run: ({ upstream }) => upstream.sum?.attempts })
}

/** An executor whose "other process" shares nothing but the storage: jobs and answers cross as JSON text. */
function otherProcess(storage: ObjectStore, refs: StepJobRef[] = []): Executor {
  const worker = build(storage)
  return {
    portVersion: 1,
    name: 'other process',
    async execute(job: StepJob) {
      const text = JSON.stringify(job.ref())
      const ref = JSON.parse(text) as StepJobRef
      refs.push(ref)
      try {
        const { digest } = await worker.runJob(ref, {
          secrets: { KEY: 'sesame-sesame' },
          signal: job.signal,
          onLog: job.log,
          onProgress: job.progress,
        })
        return job.stored(digest)
      } catch (error) {
        throw errorFromJson(JSON.parse(JSON.stringify(error)))
      }
    },
    close: () => Promise.resolve(),
  }
}

describe('a job for another process', () => {
  it('gives the same outputs and digests as this process', async () => {
    const here = await build(memoryStorage()).run({ input: { start: 10 }, secrets: { KEY: 'sesame-sesame' } })
    const storage = memoryStorage()
    const refs: StepJobRef[] = []
    const logs: string[] = []
    const progress: string[] = []
    const pipeline = build(storage, otherProcess(storage, refs))
    pipeline.on('step-log', ({ message }) => logs.push(message))
    const there = await pipeline.run({
      input: { start: 10 },
      secrets: { KEY: 'sesame-sesame' },
      onProgress: ({ phase }) => progress.push(phase),
    })
    expect(there.outputs).toEqual(here.outputs)
    expect(Object.values(there.steps).map((step) => step.digest)).toEqual(Object.values(here.steps).map((step) => step.digest))
    expect(there.steps.sum.attempts).toBe(2)
    expect(logs).toEqual(['from 10'])
    expect(progress).toContain('sum')
    expect(refs.map(({ step, index, attempt }) => `${step} ${index} ${attempt}`)).toContain('twice 2 1')
    expect(JSON.stringify(refs)).not.toContain('sesame')
  })

  it('says why it cannot be made', async () => {
    const storage = memoryStorage()
    const run = (pipeline: Pipeline) => pipeline.run({ executor: otherProcess(storage) })
    await expect(run(new Pipeline('jobs').step('list', () => 1))).rejects.toMatchObject({ code: 'InvalidState' })
    const functions = new Pipeline('jobs', { storage }).step('a', () => () => 1).step('list', { needs: ['a'], run: () => 1 })
    const executor: Executor = { ...otherProcess(storage), execute: (job) => (job.step === 'a' ? job.run() : Promise.resolve(job.ref())) }
    await expect(functions.run({ executor })).rejects.toThrow(
      'step "list" of pipeline "jobs" cannot run in another process: the output of "a" cannot be stored',
    )
    await expect(build(storage).runJob({ pipeline: 'other' } as StepJobRef)).rejects.toThrow('was given a job of pipeline "other"')
    const ref = { pipeline: 'jobs', runId: 'r', attempt: 1, version: '1', seed: 0, params: {}, inputs: {} }
    await expect(build(storage).runJob({ ...ref, step: 'lost' })).rejects.toMatchObject({ code: 'NotFound' })
    await expect(build(storage).runJob({ ...ref, step: 'first', index: 9 })).rejects.toMatchObject({ code: 'InvalidState' })
  })
})

describe('a step under an engine', () => {
  const secrets = { KEY: 'sesame-sesame' }
  const request = { runId: 'manual-1', input: { start: 10 }, params: { by: 3 } }

  it('runs alone, item by item and attempt by attempt, to the same digests', async () => {
    const storage = memoryStorage()
    const here = await build(memoryStorage()).run({ ...request, secrets })
    // A new pipeline each time: nothing but the storage is shared.
    const step = (name: string, more: object = {}) => build(storage).runStep({ ...request, step: name, ...more }, { secrets })
    const { length } = await step('list')
    expect(length).toBe(3)
    for (let index = 2; index >= 0; index--) await step('twice', { index })
    expect((await step('first')).items).toHaveLength(3)
    await expect(step('sum', { attempt: 1 })).rejects.toMatchObject({ code: 'Unavailable', message: 'no answer to ***' })
    expect(await step('sum', { attempt: 2 })).toMatchObject({ status: 'succeeded' })
    await step('report')
    const state = await build(storage).inspectRun('manual-1')
    for (const name of ['list', 'twice', 'first', 'sum'] as const) expect(state.steps[name]?.digest, name).toBe(here.steps[name].digest)
    expect((await build(storage).listRuns()).map(({ runId, status }) => [runId, status])).toEqual([['manual-1', 'running']])
  })

  it('applies trigger rules, conditions and fallbacks to what the storage says', async () => {
    const storage = memoryStorage()
    const pipeline = new Pipeline('e', { storage })
      .step('bad', (): number => {
        throw new Error('down')
      })
      .step('next', { needs: ['bad'], run: () => 1 })
      .step('alert', { needs: ['next'], trigger: 'one-failed', run: () => 'alert' })
      .step('odd', () => 1, { when: () => false })
      .step('save', (): number => Promise.reject(new Error('down')) as never, { retry: { attempts: 2, backoffMs: 0 }, fallback: () => 5 })
    const run = (step: string, more: object = {}) => pipeline.runStep({ runId: 'r', step, ...more })
    await expect(run('next')).rejects.toThrow('step "next" of pipeline "e" needs "bad", which has no result in this run')
    expect(await run('bad')).toMatchObject({ status: 'failed', error: { message: 'down' } })
    expect(await run('next')).toMatchObject({ status: 'skipped', reason: 'it needs "bad", which was failed' })
    expect(await run('alert')).toMatchObject({ status: 'succeeded' })
    expect(await run('odd')).toMatchObject({ status: 'skipped', reason: 'its condition does not hold' })
    await expect(run('save', { attempt: 1 })).rejects.toThrow('down')
    expect(await run('save', { attempt: 2 })).toMatchObject({ status: 'fallback' })
    expect((await pipeline.inspectRun('r')).status).toBe('failed')
    await expect(run('odd', { index: 1 })).rejects.toThrow('step "odd" of pipeline "e" is no map step')
  })
})
