import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { fsStorage } from '../../../src/adapters/fs/fs-storage'
import { memoryStorage } from '../../../src/adapters/memory/memory-storage'
import { memoryTracker } from '../../../src/adapters/memory/memory-tracker'
import { filesTracker } from '../../../src/adapters/mlruns/files-tracker'
import { sqliteTracker } from '../../../src/adapters/sqlite/tracker/sqlite-tracker'
import { teeTracker } from '../../../src/layers/tee/tee-tracker'
import type { ObjectStore } from '../../../src/ports/object-store'
import type { TrackerBackend } from '../../../src/ports/tracker-backend'
import { createBareTracker as createTracker } from '../../../src/run'
import { sqliteLibs } from '../../fixtures/sqlite-libs'
import { manualClock } from './manual-clock'

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'nothing thrown',
    (error) => error.code,
  )

const sqlite = await sqliteLibs()
const root = await mkdtemp(join(tmpdir(), 'millwright-manage-'))
let made = 0
const folder = (): ObjectStore => fsStorage({ root: join(root, String(made++)), fsync: false })

afterAll(() => rm(root, { recursive: true, force: true }))

describe.each<[string, () => TrackerBackend | Promise<TrackerBackend>]>([
  ['memoryTracker', () => memoryTracker({ clock: manualClock() })],
  ['teeTracker', () => teeTracker([memoryTracker(), filesTracker({ storage: memoryStorage() })])],
  ['filesTracker in memory', () => filesTracker({ storage: memoryStorage() })],
  ['filesTracker in a folder', () => filesTracker({ storage: folder() })],
  ...sqlite.map(
    ({ name, lib }) =>
      [name, () => sqliteTracker({ path: ':memory:', storage: folder(), lib })] satisfies [string, () => Promise<TrackerBackend>],
  ),
])('experiments and runs of %s', (_, make) => {
  it('are renamed, described and tagged, ended or not', async () => {
    const tracker = createTracker({ backend: await make() })
    const runId = await tracker.run({ experiment: 'first', tags: { old: '1', kept: '2' } }, ({ runId }) => runId)
    const run = await tracker.updateRun(runId, { name: 'renamed', description: '# what', tags: { old: null, new: '3' } })
    expect([run.runName, run.status, run.tags['mlflow.note.content'], run.tags.old, run.tags.new, run.tags.kept]).toEqual([
      'renamed',
      'finished',
      '# what',
      undefined,
      '3',
      '2',
    ])
    const experiment = await tracker.updateExperiment('first', { name: 'second', description: 'why', tags: { team: 'blue' } })
    expect([experiment.name, experiment.tags.team, experiment.tags['mlflow.note.content']]).toEqual(['second', 'blue', 'why'])
    expect(await tracker.search({ experiment: 'second' })).toHaveLength(1)
    expect(await codeOf(tracker.updateRun(runId, { tags: { never: null } }))).toBe('NotFound')
    expect(await codeOf(tracker.updateRun(runId, { tags: { 'mlflow.runName': null } }))).toBe('InvalidArgument')
    expect(await codeOf(tracker.updateExperiment('Default', { name: 'second' }))).toBe('AlreadyExists')
    await expect(tracker.updateExperiment('third', {})).rejects.toThrow(/no experiment "third"; there are .*"second"/)
  })

  it('are deleted and restored; the runs of an experiment follow it', async () => {
    const tracker = createTracker({ backend: await make() })
    const open = await tracker.startRun({ experiment: 'e' })
    expect(await codeOf(tracker.deleteRun(open.runId))).toBe('InvalidState')
    await open.finish()
    await tracker.deleteRun(open.runId)
    expect([await tracker.search(), (await tracker.search({ view: 'deleted' })).length]).toEqual([[], 1])
    expect(await codeOf(tracker.resumeRun(open.runId))).toBe('InvalidState')
    await tracker.restoreRun(open.runId)
    expect((await tracker.getRun(open.runId)).lifecycleStage).toBe('active')

    expect((await tracker.updateExperiment('e', { deleted: true })).lifecycleStage).toBe('deleted')
    expect((await tracker.experiments()).map(({ name }) => name)).not.toContain('e')
    expect((await tracker.getRun(open.runId)).lifecycleStage).toBe('deleted')
    expect(await codeOf(tracker.startRun({ experiment: 'e' }))).toBe('InvalidState')
    expect(await codeOf(tracker.restoreRun(open.runId))).toBe('InvalidState')
    expect(await codeOf(tracker.updateExperiment('e', { name: 'f' }))).toBe('InvalidState')
    await tracker.updateExperiment('e', { deleted: false })
    expect(await tracker.search({ experiment: 'e' })).toHaveLength(1)
  })
})

describe('what a backend cannot', () => {
  it('is refused before anything is changed', async () => {
    const { restoreRun: _, deleteTag: __, changeExperiment: ___, ...rest } = memoryTracker()
    const backend: TrackerBackend = { ...rest, capabilities: { atomicBatch: true, persistent: false, search: true } }
    const tracker = createTracker({ backend })
    const runId = await tracker.run({ name: 'n', tags: { a: '1' } }, (run) => run.runId)
    const calls = [
      tracker.updateRun(runId, { name: 'm', tags: { a: null } }),
      tracker.restoreRun(runId),
      tracker.updateExperiment('Default', { name: 'x' }),
    ]
    for (const call of calls) expect(await codeOf(call)).toBe('Unsupported')
    expect((await tracker.getRun(runId)).runName).toBe('n')
  })
})
