import { describe, expect, it } from 'vitest'
import { memoryTracker } from '../../../src/adapters/memory/memory-tracker'
import type { RunEnvironment } from '../../../src/ports/environment'
import { createBareTracker as createTracker } from '../../../src/run'
import { tableFromRows } from '../../../src/schema/table'

const there: RunEnvironment = {
  runtime: 'node',
  runtimeVersion: '20.1.0',
  gitCommit: 'a'.repeat(40),
  gitDirty: false,
  lockfileDigest: 'b'.repeat(64),
  packages: { zod: '4.0.0', old: '1.0.0', same: '2.0.0' },
}
const table = tableFromRows([{ x: 1 }, { x: 2 }])

async function recorded(environment: RunEnvironment, now: RunEnvironment = environment) {
  let current = environment
  const tracker = createTracker({
    backend: memoryTracker(),
    environment: () => current,
    fingerprint: (given) => `rows:${given.numRows}`,
    seed: 99,
  })
  const run = await tracker.startRun({ seed: 7 })
  run.logInput(table, { name: 'train', context: 'training' })
  await run.finish()
  current = now
  return { tracker, run }
}

describe('reproduce', () => {
  it('is the same where nothing has changed', async () => {
    const { tracker, run } = await recorded(there)
    const result = await tracker.reproduce(run.runId, { seed: 7, data: { train: table } })
    expect(result.differences).toEqual([])
    expect(result.same).toBe(true)
    expect(result.rows.map(({ what }) => what)).toEqual([
      'git commit',
      'uncommitted changes',
      'lockfile',
      'package old',
      'package same',
      'package zod',
      'runtime',
      'seed',
      'data train (training)',
    ])
  })

  it('tells what differs and what nobody knows', async () => {
    const { run } = await recorded(there, {
      ...there,
      gitCommit: 'c'.repeat(40),
      gitDirty: true,
      lockfileDigest: undefined,
      runtimeVersion: '22.0.0',
      packages: { zod: '4.1.0', same: '2.0.0', fresh: '0.1.0' },
    })
    const result = await run.reproduce({ seed: 8, data: { train: tableFromRows([{ x: 1 }]), extra: 'digest' } })
    const verdicts = Object.fromEntries(result.rows.map(({ what, verdict }) => [what, verdict]))
    expect(verdicts).toEqual({
      'git commit': 'differs',
      'uncommitted changes': 'differs',
      lockfile: 'unknown',
      'package fresh': 'differs',
      'package old': 'differs',
      'package same': 'same',
      'package zod': 'differs',
      runtime: 'differs',
      seed: 'differs',
      'data train (training)': 'differs',
      'data extra': 'unknown',
    })
    expect(result.same).toBe(false)
    const text = String(result)
    expect(text).toMatch(/: 8 of 11 differ, 2 unknown\n/)
    expect(text).toMatch(/≠ {2}package zod +4\.0\.0 +4\.1\.0/)
    expect(text).toMatch(/≠ {2}runtime +node 20\.1\.0 +node 22\.0\.0/)
    expect(text).toMatch(/\? {2}lockfile/)
  })

  it('never trusts a run made from uncommitted changes', async () => {
    const { tracker, run } = await recorded({ ...there, gitDirty: true })
    expect((await tracker.reproduce(run.runId)).differences.map(({ what }) => what)).toEqual(['uncommitted changes'])
  })

  it('reads the tags of runs without environment.json, such as those of MLflow', async () => {
    const backend = memoryTracker()
    const { experimentId } = await backend.ensureExperiment('e')
    const { runId } = await backend.createRun({ experimentId, startTime: 1, tags: { 'mlflow.source.git.commit': 'a'.repeat(40) } })
    const tracker = createTracker({ backend, environment: () => there })
    const result = await tracker.reproduce(runId)
    expect(result.rows[0]).toEqual({ what: 'git commit', recorded: 'a'.repeat(40), now: 'a'.repeat(40), verdict: 'same' })
    await expect(tracker.reproduce('nobody')).rejects.toMatchObject({ code: 'NotFound' })
    await expect(tracker.reproduce(runId, { data: { x: 3 as unknown as string } })).rejects.toMatchObject({ code: 'InvalidArgument' })
  })
})
