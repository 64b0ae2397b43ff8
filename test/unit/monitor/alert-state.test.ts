import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { Monitor } from '../../../src/monitor'
import { inactiveAlert, nextAlertState } from '../../../src/monitor/alert-state'
import { answer, manualClock } from './helpers'

interface Case {
  readonly active: string
  readonly stepSeconds: number
  readonly forSeconds: number
  readonly keepFiringForSeconds: number
  readonly states: readonly string[]
}

const golden = JSON.parse(readFileSync(new URL('../../golden/drift-model.json', import.meta.url), 'utf8')) as { alertLifecycle: Case[] }

describe('the life of an alert', () => {
  it.each(golden.alertLifecycle.map((entry, index) => [index, entry] as const))('follows Prometheus, case %i', (_, entry) => {
    const patience = { forMs: entry.forSeconds * 1000, keepFiringMs: entry.keepFiringForSeconds * 1000 }
    let state = inactiveAlert(0)
    const found = [...entry.active].map((active, i) => {
      state = nextAlertState(state, active === '1', i * entry.stepSeconds * 1000, patience)
      return state.state
    })
    // "none" is a rule never active so far; after firing, Prometheus keeps showing the resolved alert as inactive.
    const shown = (text: string): string => (text === 'none' || text === 'resolved' ? 'inactive' : text)
    expect(found.map(shown)).toEqual(entry.states.map(shown))
    expect(found.filter((state) => state === 'resolved').length).toBe(countEnds(entry.states))
  })

  it.each(golden.alertLifecycle.map((entry, index) => [index, entry] as const))('is that of a rule of a monitor, case %i', (_, entry) => {
    const clock = manualClock(0)
    let active = false
    const detect = () => ({
      driftDetected: active,
      columns: [{ column: 'x', score: active ? 1 : 0, threshold: 0.5, driftDetected: active }],
    })
    const times = { forMs: entry.forSeconds * 1000, keepFiringMs: entry.keepFiringForSeconds * 1000 }
    const rule = { name: 'r', kind: 'drift', detector: { detect }, window: { lastRows: 1 }, minRows: 1, ...times } as const
    const monitor = new Monitor({ clock, rules: [rule] })
    monitor.record(answer('a', 0))
    const found = [...entry.active].map((condition) => {
      active = condition === '1'
      const { state } = monitor.check().rules[0] as { state: string }
      clock.advance(entry.stepSeconds * 1000)
      return state
    })
    const shown = (text: string): string => (text === 'none' || text === 'resolved' ? 'inactive' : text)
    expect(found.map(shown)).toEqual(entry.states.map(shown))
    expect(monitor.alerts.history).toHaveLength(
      entry.states.filter((state, i) => state === 'firing' && entry.states[i - 1] !== 'firing').length,
    )
  })

  it('waits for a number of checks as well as for a time', () => {
    const at = (states: string): string => {
      let state = inactiveAlert(0)
      const walked = [...states].map((c, i) => {
        state = nextAlertState(state, c === '1', i * 10, { forChecks: 3 })
        return state.state[0]
      })
      return walked.join('')
    }
    expect(at('11101111')).toBe('ppfrppff')
    expect(at('1101100')).toBe('ppippii')
  })
})

function countEnds(states: readonly string[]): number {
  return states.filter((state, i) => state !== 'firing' && states[i - 1] === 'firing').length
}
