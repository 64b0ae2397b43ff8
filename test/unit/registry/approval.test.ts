import { describe, expect, it } from 'vitest'
import { memoryStorage } from '../../../src/adapters/memory/memory-storage'
import { utf8 } from '../../../src/core/bytes'
import { isMillwrightError, type MillwrightError } from '../../../src/core/errors'
import type { GateVerdict } from '../../../src/ports/registry-backend'
import { type ApprovalRequest, ModelRegistry, metricAtLeast, noDriftSince } from '../../../src/registry'

const model = {
  flavor: 'own',
  task: 'other',
  signature: { inputs: [], outputs: [] },
  files: { a: utf8('x') },
} as const

async function made(): Promise<ModelRegistry> {
  const registry = new ModelRegistry({ storage: memoryStorage(), user: 'ada' })
  await registry.register('flights', model, { metrics: { accuracy: 0.9 } })
  return registry
}

async function verdictsOf(work: Promise<unknown>): Promise<readonly GateVerdict[]> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(isMillwrightError(error, 'InvalidState')).toBe(true)
  return (error as MillwrightError).details.verdicts as GateVerdict[]
}

describe('approve', () => {
  it('is asked after the gates, and its answer is kept in the history', async () => {
    const registry = await made()
    const asked: ApprovalRequest[] = []
    await registry.promote('flights', 1, 'champion', {
      gates: [metricAtLeast('accuracy', 0.8)],
      reason: 'first',
      approve: async (request) => {
        asked.push(request)
        return { approved: true, by: 'grace', reason: 'looked at it' }
      },
    })
    expect(
      asked.map(({ alias, candidate, current, verdicts, reason, by }) => [alias, candidate.version, current, verdicts.length, reason, by]),
    ).toEqual([['champion', '1', undefined, 1, 'first', 'ada']])
    expect((await registry.history('flights')).at(-1)?.verdicts?.at(-1)).toEqual({
      gate: 'approval',
      passed: true,
      required: 'approval',
      measured: 'approved by grace: looked at it',
    })
  })

  it('that says no leaves the alias and is noted', async () => {
    const registry = await made()
    const verdicts = await verdictsOf(registry.promote('flights', 1, 'champion', { approve: () => false }))
    expect(verdicts).toEqual([{ gate: 'approval', passed: false, required: 'approval', measured: 'refused' }])
    expect((await registry.history('flights')).at(-1)?.kind).toBe('promotion-rejected')
    expect((await registry.listModels())[0]?.aliases).toEqual({})
  })

  it('is not asked where a gate says no, and must answer', async () => {
    const registry = await made()
    let asked = 0
    await verdictsOf(registry.promote('flights', 1, 'champion', { gates: [() => false], approve: () => ++asked > 0 }))
    expect(asked).toBe(0)
    await expect(registry.promote('flights', 1, 'champion', { approve: (() => 'yes') as never })).rejects.toMatchObject({
      code: 'InvalidArgument',
    })
    const boom = new Error('no line to grace')
    await expect(registry.promote('flights', 1, 'champion', { approve: () => Promise.reject(boom) })).rejects.toBe(boom)
  })

  it('may be waited for no longer', async () => {
    const registry = await made()
    const control = new AbortController()
    const work = registry.promote('flights', 1, 'champion', {
      signal: control.signal,
      approve: () => {
        control.abort(new Error('too late'))
        return new Promise(() => {})
      },
    })
    await expect(work).rejects.toThrow('too late')
    expect((await registry.listModels())[0]?.aliases).toEqual({})
  })

  it('does not see a version moved under it: the alias is Conflict', async () => {
    const registry = await made()
    await registry.register('flights', model)
    const work = registry.promote('flights', 1, 'champion', {
      approve: async () => {
        await registry.setAlias('flights', 'champion', 2)
        return true
      },
    })
    await expect(work).rejects.toMatchObject({ code: 'Conflict' })
  })
})

describe('noDriftSince', () => {
  it.each([
    [{ driftDetected: false, driftedColumns: [], comparedColumns: 3 }, {}, true, 'no drift'],
    [{ driftDetected: false }, {}, true, 'no drift'],
    [{ driftDetected: true, driftedColumns: ['a', 'b'], comparedColumns: 3 }, {}, false, 'drift in a, b'],
    [{ driftDetected: true }, {}, false, 'drift'],
    [{ driftDetected: true, driftedColumns: ['a', 'b'], comparedColumns: 3 }, { columns: ['c'] }, true, 'no drift'],
    [{ driftDetected: false, driftedColumns: ['a'], comparedColumns: 9 }, { columns: ['a', 'c'] }, false, 'drift in a'],
    [{ driftDetected: false, driftedColumns: [], comparedColumns: 0 }, {}, false, 'no column was compared'],
  ])('%j with %j', async (report, options, passed, measured) => {
    const registry = await made()
    for (const given of [report, async () => report]) {
      const verdicts: GateVerdict[] = []
      await registry
        .promote('flights', 1, 'champion', { gates: [noDriftSince(given, options)] })
        .catch((error: MillwrightError) => verdicts.push(...(error.details.verdicts as GateVerdict[])))
      const last = (await registry.history('flights')).at(-1)?.verdicts?.[0]
      if (last !== undefined && verdicts.length === 0) verdicts.push(last)
      expect(verdicts.map((verdict) => [verdict.passed, verdict.measured])).toEqual([[passed, measured]])
    }
  })

  it('needs a report', async () => {
    const registry = await made()
    const promote = (report: unknown, options = {}): Promise<unknown> =>
      registry.promote('flights', 1, 'champion', { gates: [noDriftSince(report as never, options)] })
    await expect(promote({})).rejects.toMatchObject({ code: 'InvalidArgument' })
    await expect(promote({ driftDetected: true }, { columns: ['a'] })).rejects.toMatchObject({ code: 'InvalidArgument' })
  })
})
