import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fsStorage } from '../../../../src/adapters/fs/fs-storage'
import { memoryStorage } from '../../../../src/adapters/memory/memory-storage'
import { filesTracker } from '../../../../src/adapters/mlruns/files-tracker'
import type { ObjectStore } from '../../../../src/ports/object-store'
import type { TrackerBackend } from '../../../../src/ports/tracker-backend'

let root = ''
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'millwright-lifecycle-'))
})
afterEach(() => rm(root, { recursive: true, force: true }))

const open = (storage: ObjectStore = fsStorage({ root, fsync: false })): TrackerBackend => filesTracker({ storage })

/** An experiment with three runs, one of them deleted. */
async function made(backend: TrackerBackend): Promise<{ experimentId: string; runIds: string[] }> {
  const { experimentId } = await backend.ensureExperiment('e')
  const runIds: string[] = []
  for (let i = 0; i < 3; i++) {
    const { runId } = await backend.createRun({ experimentId, startTime: i })
    await backend.logBatch(runId, { metrics: [{ key: 'm', value: i, step: 0, timestamp: 1 }] })
    runIds.push(runId)
  }
  await backend.deleteRun(runIds[0] as string)
  return { experimentId, runIds }
}

const stages = async (backend: TrackerBackend, { experimentId, runIds }: Awaited<ReturnType<typeof made>>): Promise<string[]> => {
  const runs = await Promise.all(runIds.map(async (id) => (await backend.getRun(id)).lifecycleStage))
  return [(await backend.getExperiment(experimentId)).lifecycleStage, ...runs]
}

/** A storage whose calls that change something fail from the `nth` on, once `armed`. */
function failingFrom(nth: number): { readonly storage: ObjectStore; readonly arm: () => void } {
  const inner = fsStorage({ root, fsync: false })
  let left = Number.POSITIVE_INFINITY
  const count = (): void => {
    if (left-- <= 0) throw new Error('the plug was pulled')
  }
  const storage: ObjectStore = {
    ...inner,
    async put(...given) {
      count()
      return inner.put(...given)
    },
    async moveFolder(...given) {
      count()
      return inner.moveFolder?.(...given)
    },
  }
  const arm = (): void => {
    left = nth
  }
  return { storage, arm }
}

describe('experiments in a folder', () => {
  it('lie in the trash while they are deleted, as those of MLflow do', async () => {
    const backend = open()
    const ids = await made(backend)
    const { experimentId, runIds } = ids
    const changed = await backend.changeExperiment?.(experimentId, { lifecycleStage: 'deleted', name: 'gone', tags: { why: 'old' } })
    expect([changed?.name, changed?.tags.why]).toEqual(['gone', 'old'])
    const [active, trash] = [join(root, 'mlruns', experimentId), join(root, 'mlruns/.trash', experimentId)]
    expect([existsSync(active), existsSync(trash)]).toEqual([false, true])
    expect(readFileSync(join(trash, 'meta.yaml'), 'utf8')).toMatch(/lifecycle_stage: deleted\n.*name: gone\n/)
    expect(readFileSync(join(trash, runIds[1] as string, 'meta.yaml'), 'utf8')).toMatch(/deleted_time: \d+\n/)
    await backend.changeExperiment?.(experimentId, { lifecycleStage: 'active', name: 'e' })
    expect([existsSync(active), existsSync(trash)]).toEqual([true, false])
    expect(await stages(open(), ids)).toEqual(['active', 'active', 'active', 'active'])
    expect(readFileSync(join(active, runIds[1] as string, 'meta.yaml'), 'utf8')).toMatch(/deleted_time: null\n/)
  })

  it('are found by writers that had them open, once they are back', async () => {
    const writer = open()
    const ids = await made(writer)
    const runId = ids.runIds[1] as string
    const other = open()
    await other.changeExperiment?.(ids.experimentId, { lifecycleStage: 'deleted' })
    const late = { metrics: [{ key: 'm', value: 5, step: 1, timestamp: 2 }] }
    await expect(async () => writer.logBatch(runId, late)).rejects.toMatchObject({ code: 'InvalidState' })
    await other.changeExperiment?.(ids.experimentId, { lifecycleStage: 'active' })
    await writer.logBatch(runId, late)
    const points = (await other.getMetricHistory(runId, 'm')).items
    expect(points.map(({ value }) => value)).toEqual([1, 5])
  })

  it.each(['deleted', 'active'] as const)(
    'are %s or were not, wherever it was cut short, and then are at the second try',
    async (stage) => {
      for (let nth = 0; ; nth++) {
        await rm(root, { recursive: true, force: true })
        const { storage, arm } = failingFrom(nth)
        const backend = open(storage)
        const ids = await made(backend)
        if (stage === 'active') await backend.changeExperiment?.(ids.experimentId, { lifecycleStage: 'deleted' })
        arm()
        const failed = await Promise.resolve(backend.changeExperiment?.(ids.experimentId, { lifecycleStage: stage })).then(
          () => false,
          () => true,
        )
        const later = open()
        const [experiment, ...runs] = await stages(later, ids)
        if (failed) expect(stage === 'active' ? ['deleted'] : ['active', 'deleted']).toContain(experiment)
        // An experiment that is active has the runs that it had.
        if (failed && stage === 'deleted' && experiment === 'active') expect(runs).toEqual(['deleted', 'active', 'active'])
        await later.changeExperiment?.(ids.experimentId, { lifecycleStage: stage })
        expect(await stages(open(), ids)).toEqual([stage, stage, stage, stage])
        expect(existsSync(join(root, 'mlruns/.trash', ids.experimentId))).toBe(stage === 'deleted')
        if (failed) continue
        // The meta, the runs in question, the move.
        expect(nth).toBeGreaterThanOrEqual(4)
        break
      }
    },
  )

  it('say so when they are in both places', async () => {
    const backend = open()
    const { experimentId } = await made(backend)
    await fsStorage({ root }).put(`mlruns/.trash/${experimentId}/left.txt`, new Uint8Array([1]))
    await expect(async () => backend.changeExperiment?.(experimentId, { lifecycleStage: 'deleted' })).rejects.toMatchObject({
      code: 'Conflict',
    })
    expect((await open().getExperiment(experimentId)).lifecycleStage).toBe('deleted')
  })

  it('stay where they are on a storage that moves no folders', async () => {
    const storage = memoryStorage()
    const backend = open(storage)
    const ids = await made(backend)
    await backend.changeExperiment?.(ids.experimentId, { lifecycleStage: 'deleted' })
    expect(await stages(open(storage), ids)).toEqual(['deleted', 'deleted', 'deleted', 'deleted'])
    await expect(async () => backend.ensureExperiment('e')).rejects.toMatchObject({ code: 'InvalidState' })
    await backend.changeExperiment?.(ids.experimentId, { lifecycleStage: 'active' })
    expect(await stages(open(storage), ids)).toEqual(['active', 'active', 'active', 'active'])
  })

  it('are not deleted where they are the one for runs that name none', async () => {
    const backend = open()
    await backend.ensureExperiment('Default')
    const change = { lifecycleStage: 'deleted', tags: { never: '1' } } as const
    await expect(async () => backend.changeExperiment?.('0', change)).rejects.toMatchObject({ code: 'InvalidArgument' })
    const { lifecycleStage, tags } = await backend.getExperiment('0')
    expect([lifecycleStage, tags.never]).toEqual(['active', undefined])
  })
})
