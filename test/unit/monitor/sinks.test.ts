import { describe, expect, it } from 'vitest'
import { MillwrightError } from '../../../src/core/errors'
import { actionSink, callbackSink, logSink, onlyAlerts, retrainSink, rollbackSink } from '../../../src/monitor'
import type { AlertSink } from '../../../src/ports/alert-sink'
import { alertMessage as message } from './helpers'

describe('sinks', () => {
  it('write one line by severity', () => {
    const lines: string[] = []
    const level = (name: string) => (text: string) => void lines.push(`${name}: ${text}`)
    const sink = logSink({ info: level('info'), warn: level('warn'), error: level('error') })
    for (const one of [
      message('a', { severity: 'critical' }),
      message('a', { severity: 'critical', reminder: 2 }),
      message('b'),
      message('b', { state: 'resolved', summary: 'r resolved: x is 0.9' }),
    ])
      sink.send(one)
    expect(lines).toEqual([
      'error: CRITICAL r: x is 0.5 [monitor=bikes]',
      'error: CRITICAL (reminder 2) r: x is 0.5 [monitor=bikes]',
      'warn: WARNING r: x is 0.5 [monitor=bikes]',
      'info: RESOLVED r resolved: x is 0.9 [monitor=bikes]',
    ])
  })

  it('pass on only what a filter wants, alone and in groups', async () => {
    const got: string[] = []
    const inner: AlertSink = {
      portVersion: 1,
      name: 'inner',
      send: ({ id }) => void got.push(id),
      sendAll: (messages) => void got.push(messages.map(({ id }) => id).join('+')),
    }
    const sink = onlyAlerts({ severities: ['critical'], labels: { monitor: 'bikes' }, states: ['firing'] }, inner)
    const critical = message('a', { severity: 'critical' })
    await sink.send(critical)
    await sink.send(message('b'))
    await sink.sendAll?.([critical, message('b'), message('c', { severity: 'critical' })])
    await sink.sendAll?.([message('b'), message('d', { severity: 'critical', labels: {} })])
    expect([sink.name, got]).toEqual(['inner', ['a', 'a+c']])
    expect(() => onlyAlerts({ severities: ['bad'] } as never, inner)).toThrow('`severities` of onlyAlerts must be an array')
    expect(() => onlyAlerts({}, {} as never)).toThrow('onlyAlerts needs an alert sink')
  })

  it('run an action once for each firing, not for reminders or the end', async () => {
    const ran: string[] = []
    const sink = actionSink({ name: 'act', rules: ['r'], run: ({ id }) => void ran.push(id) })
    await sink.send(message('a'))
    await sink.send(message('a', { reminder: 1 }))
    await sink.send(message('a', { state: 'resolved' }))
    await sink.send(message('b', { rule: 'other' }))
    expect(ran).toEqual(['a'])
    expect(() => actionSink({ name: 'act' } as never)).toThrow('actionSink needs `run`')
  })

  it('roll back and retrain', async () => {
    const calls: string[] = []
    const registry = { rollback: async (...args: string[]) => void calls.push(args.join(' ')) }
    await rollbackSink({ registry, model: 'bikes', rules: ['r'] }).send(message('a'))
    const failing = { rollback: async () => Promise.reject(new MillwrightError('InvalidState', 'nothing to go back to')) }
    await expect(rollbackSink({ registry: failing, model: 'bikes' }).send(message('a'))).rejects.toThrow('nothing to go back to')
    const loop = { running: false, retrain: async (reason?: string) => void calls.push(reason ?? '') }
    await retrainSink(loop, { severities: ['warning'] }).send(message('a'))
    await retrainSink({ ...loop, running: true }).send(message('a'))
    await callbackSink(({ id }) => void calls.push(id)).send(message('last'))
    expect(calls).toEqual(['bikes champion', 'r: x is 0.5', 'last'])
    expect(() => callbackSink(1 as never)).toThrow('callbackSink takes a function, got 1')
    expect(() => retrainSink({} as never)).toThrow('retrainSink needs the loop that createRetraining makes')
    expect(() => rollbackSink(undefined as never)).toThrow('rollbackSink takes an object with `registry`, `model`')
    expect(() => rollbackSink({ registry: {}, model: 'm' } as never)).toThrow('`registry` of rollbackSink must be a registry')
  })
})
