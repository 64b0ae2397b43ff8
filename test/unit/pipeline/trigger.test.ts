import { describe, expect, it } from 'vitest'
import { memoryStorage } from '../../../src/adapters/memory/memory-storage'
import { Pipeline } from '../../../src/pipeline'
import { idle } from './helpers'

/** `bad` fails or not, `skip` is skipped or not; one step for each trigger rule needs both. */
function rules(bad: boolean, skip: boolean, onFailure: 'stop' | 'continue' = 'stop') {
  return new Pipeline('t', { onFailure, concurrency: 1 })
    .step('bad', () => {
      if (bad) throw new Error('down')
      return 1
    })
    .step('skip', () => 2, { when: () => !skip })
    .step('success', { needs: ['bad', 'skip'], run: ({ inputs }) => inputs })
    .step('noneFailed', { needs: ['bad', 'skip'], trigger: 'none-failed', run: ({ inputs }) => inputs })
    .step('oneFailed', { needs: ['bad', 'skip'], trigger: 'one-failed', run: ({ upstream }) => upstream.bad?.error?.message })
    .step('allDone', { needs: ['bad', 'skip'], trigger: 'all-done', run: ({ inputs }) => inputs })
    .step('always', { needs: ['success'], trigger: 'always', run: ({ upstream }) => upstream.success?.status })
}
const runs = async (...args: Parameters<typeof rules>): Promise<Readonly<Record<string, unknown>>> => {
  const { outputs, status } = await rules(...args).run({ throwOnFailure: false })
  const { bad: _, skip: __, ...rest } = outputs
  return { status, ...rest }
}

describe('trigger rules', () => {
  it('decide by how the needed steps ended', async () => {
    expect(await runs(false, false)).toEqual({
      status: 'finished',
      success: { bad: 1, skip: 2 },
      noneFailed: { bad: 1, skip: 2 },
      allDone: { bad: 1, skip: 2 },
      always: 'succeeded',
    })
    expect(await runs(false, true)).toEqual({ status: 'finished', noneFailed: { bad: 1 }, allDone: { bad: 1 }, always: 'skipped' })
    expect(await runs(true, false, 'continue')).toEqual({ status: 'failed', oneFailed: 'down', allDone: { skip: 2 }, always: 'skipped' })
    // A failure stops the others (`skip` has not started), but not the steps that are there for failures.
    expect(await runs(true, false)).toEqual({ status: 'failed', oneFailed: 'down', allDone: {}, always: 'skipped' })
  })

  it('say why a step was skipped', async () => {
    const { steps } = await rules(false, true).run()
    expect(steps.success).toMatchObject({ status: 'skipped', reason: 'it needs "skip", which was skipped' })
    expect(steps.oneFailed).toMatchObject({ status: 'skipped', reason: 'none of the steps that it needs failed' })
    const failed = await rules(true, false, 'continue').run({ throwOnFailure: false })
    expect(failed.steps.noneFailed).toMatchObject({ status: 'skipped', reason: 'it needs "bad", which was failed', blocked: true })
  })

  it('see failures through skipped steps', async () => {
    const pipeline = new Pipeline('t', { onFailure: 'continue' })
      .step('a', (): number => {
        throw new Error('down')
      })
      .step('b', { needs: ['a'], run: () => 1 })
      .step('alert', { needs: ['b'], trigger: 'one-failed', run: ({ upstream }) => upstream.b?.status })
      .step('quiet', { needs: ['b'], trigger: 'none-failed', run: () => 1 })
    const { outputs } = await pipeline.run({ throwOnFailure: false })
    expect(outputs).toEqual({ alert: 'skipped' })
  })

  it('let only `always` run after a cancellation', async () => {
    const controller = new AbortController()
    const pipeline = new Pipeline('t')
      .step('long', ({ signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))))
      .step('done', { needs: ['long'], trigger: 'all-done', run: () => 1 })
      .step('clean', { needs: ['long'], trigger: 'always', run: ({ signal, upstream }) => `${signal.aborted} ${upstream.long?.status}` })
    const running = pipeline.run({ signal: controller.signal, throwOnFailure: false })
    await idle()
    controller.abort(new Error('enough'))
    const result = await running
    expect(result.status).toBe('cancelled')
    expect(result.outputs).toEqual({ clean: 'false cancelled' })
    expect(result.steps.done).toMatchObject({ status: 'skipped', reason: 'enough' })
  })
})

describe('compensation', () => {
  const order = (build: (undone: string[]) => { run(options: object): Promise<{ status: string }> }) => {
    const undone: string[] = []
    return build(undone)
      .run({ throwOnFailure: false })
      .then((result) => ({
        undone,
        result: result as { status: string; steps: Record<string, { compensation?: string; status: string }> },
      }))
  }

  it('undoes what succeeded in this run, the last first, and tells', async () => {
    const events: unknown[] = []
    const { undone, result } = await order((undone) => {
      const pipeline = new Pipeline('c', { concurrency: 1 })
        .step('a', () => 'A', { compensate: ({ output, error }) => void undone.push(`${output} ${(error as Error).message}`) })
        .step('list', () => [1, 2])
        .map('b', { over: 'list', run: ({ item }) => item * 10, compensate: ({ item, output }) => void undone.push(`${item} ${output}`) })
        .step('broken', { needs: ['b'], compensate: () => void undone.push('never'), run: () => Promise.reject(new Error('down')) })
      pipeline.on('step-compensated', ({ step, error }) => events.push([step, (error as Error | undefined)?.message]))
      return pipeline
    })
    expect(undone).toEqual(['2 20', '1 10', 'A down'])
    expect(result.steps.a).toMatchObject({ status: 'succeeded', compensation: 'done' })
    expect(result.steps.broken?.compensation).toBeUndefined()
    expect(events).toEqual([
      ['b', undefined],
      ['a', undefined],
    ])
  })

  it('that fails is told and does not keep the others from being undone', async () => {
    const { undone, result } = await order((undone) =>
      new Pipeline('c', { concurrency: 1 })
        .step('a', () => 'A', { compensate: () => void undone.push('a') })
        .step('b', () => 'B', { compensate: () => Promise.reject(new Error('cannot')) })
        .step('broken', (): number => {
          throw new Error('down')
        }),
    )
    expect(undone).toEqual(['a'])
    expect([result.steps.a?.compensation, result.steps.b?.compensation]).toEqual(['done', 'failed'])
  })

  it('is not called when the run succeeds, nor for what was cached; a compensated step runs again when resumed', async () => {
    const storage = memoryStorage()
    const undone: string[] = []
    const ran: string[] = []
    let broken = false
    const build = () =>
      new Pipeline('c', { storage })
        .step('kept', () => ran.push('kept'), { cache: true, compensate: () => void undone.push('kept') })
        .step('made', () => ran.push('made'), { compensate: () => void undone.push('made') })
        .step('end', {
          needs: ['kept', 'made'],
          run: () => {
            if (broken) throw new Error('down')
            return 1
          },
        })
    await build().run()
    expect(undone).toEqual([])
    broken = true
    ran.length = 0
    await build().run({ runId: 'r', throwOnFailure: false })
    expect([ran, undone]).toEqual([['made'], ['made']])
    expect((await build().inspectRun('r')).steps.made?.compensation).toBe('done')
    broken = false
    ran.length = 0
    expect((await build().resume('r')).status).toBe('finished')
    expect(ran).toEqual(['made'])
  })
})
