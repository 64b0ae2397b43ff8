/** The rules on run states stand in one file of ports/; every backend applies them and answers in the same words. */
import { describe, expect, it } from 'vitest'
import { memoryStorage } from '../../../src/adapters/memory/memory-storage'
import { memoryTracker } from '../../../src/adapters/memory/memory-tracker'
import { filesTracker } from '../../../src/adapters/mlruns/files-tracker'
import { sqliteTracker } from '../../../src/adapters/sqlite/tracker/sqlite-tracker'
import { endTimeAfter, isEnded } from '../../../src/ports/run-state'
import type { TrackerBackend } from '../../../src/ports/tracker-backend'
import { sqliteLibs } from '../../fixtures/sqlite-libs'

const [sqlite] = await sqliteLibs()

const backends: readonly (readonly [string, () => TrackerBackend | Promise<TrackerBackend>])[] = [
  ['memoryTracker', () => memoryTracker()],
  ['filesTracker', () => filesTracker({ storage: memoryStorage() })],
  ...(sqlite === undefined
    ? []
    : [['sqliteTracker', () => sqliteTracker({ path: ':memory:', storage: memoryStorage(), lib: sqlite.lib })] as const]),
]

/** Code, message and hint of what `work` fails with. */
async function refusal(work: () => unknown): Promise<string> {
  try {
    await work()
    return 'no error'
  } catch (error) {
    const { code, message, hint } = error as { readonly code: string; readonly message: string; readonly hint?: string }
    return `${code}: ${message}${hint === undefined ? '' : ` (${hint})`}`
  }
}

describe.each(backends)('%s', (_, make) => {
  it('refuses what an ended run does not take', async () => {
    const backend = await make()
    const { experimentId } = await backend.ensureExperiment('flights')
    const { runId } = await backend.createRun({ experimentId, startTime: 1 })
    await backend.updateRun(runId, { status: 'failed', endTime: 2 })
    const expected = `InvalidState: run ${runId} is failed and accepts only tags`
    expect(await refusal(() => backend.logBatch(runId, { params: { depth: '3' } }))).toBe(expected)
    expect(await refusal(() => backend.logBatch(runId, { tags: { note: 'checked' } }))).toBe('no error')
    expect(await refusal(() => backend.deleteTag?.(runId, 'mlflow.runName'))).toBe(
      `InvalidArgument: a run always has a name: tag mlflow.runName of run ${runId} cannot be deleted`,
    )
  })

  it('refuses everything of a deleted run', async () => {
    const backend = await make()
    const { experimentId } = await backend.ensureExperiment('flights')
    const { runId } = await backend.createRun({ experimentId, startTime: 1, tags: { a: '1' } })
    await backend.deleteRun(runId)
    const works = [
      () => backend.logBatch(runId, { tags: { note: 'late' } }),
      () => backend.updateRun(runId, { status: 'finished' }),
      () => backend.deleteTag?.(runId, 'a'),
    ]
    for (const work of works) expect(await refusal(work)).toBe(`InvalidState: run ${runId} is deleted`)
  })

  it('refuses everything of a deleted experiment', async () => {
    const backend = await make()
    const { experimentId } = await backend.ensureExperiment('flights')
    const { runId } = await backend.createRun({ experimentId, startTime: 1 })
    await backend.changeExperiment?.(experimentId, { lifecycleStage: 'deleted' })
    const works = [
      () => backend.createRun({ experimentId, startTime: 1 }),
      () => backend.createModel({ experimentId, name: 'delay', createdAt: 1 }),
      () => backend.restoreRun?.(runId),
      () => backend.changeExperiment?.(experimentId, { tags: { a: '1' } }),
    ]
    for (const work of works) expect(await refusal(work)).toBe('InvalidState: experiment "flights" is deleted (restore it first)')
    expect(await refusal(() => backend.ensureExperiment('flights'))).toBe(
      'InvalidState: experiment "flights" is deleted and still holds its name (restore it, or choose another name)',
    )
  })

  it('keeps, sets and removes the end time with the status', async () => {
    const backend = await make()
    const { experimentId } = await backend.ensureExperiment('flights')
    const { runId } = await backend.createRun({ experimentId, startTime: 1 })
    const endTime = async (change: Parameters<TrackerBackend['updateRun']>[1]) => {
      await backend.updateRun(runId, change)
      return (await backend.getRun(runId)).endTime
    }
    expect(await endTime({ status: 'finished', endTime: 5 })).toBe(5)
    expect(await endTime({ status: 'failed' })).toBe(5)
    expect(await endTime({ runName: 'other' })).toBe(5)
    expect(await endTime({ endTime: 6 })).toBe(6)
    expect(await endTime({ status: 'running' })).toBeUndefined()
  })
})

describe('endTimeAfter', () => {
  const now = () => 9
  it('is now only for a run that ends without a time', () => {
    expect(endTimeAfter({ status: 'killed' }, undefined, now)).toBe(9)
    expect(endTimeAfter({ status: 'killed' }, 4, now)).toBe(4)
    expect(endTimeAfter({ status: 'scheduled', endTime: 3 }, 4, now)).toBeUndefined()
    expect(endTimeAfter({}, undefined, now)).toBeUndefined()
  })
  it('follows isEnded', () => {
    const statuses = ['running', 'scheduled', 'finished', 'failed', 'killed'] as const
    expect(statuses.filter(isEnded)).toEqual(['finished', 'failed', 'killed'])
  })
})
