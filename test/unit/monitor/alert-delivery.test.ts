import { describe, expect, it } from 'vitest'
import { MillwrightError } from '../../../src/core/errors'
import { type AlertDeliveryOptions, createAlertDelivery } from '../../../src/monitor/alert-delivery'
import type { AlertMessage, AlertSink } from '../../../src/ports/alert-sink'
import { alertMessage as message, quickClock } from './helpers'

function deliveryTo(sinks: readonly AlertSink[], more: Partial<AlertDeliveryOptions> = {}) {
  const { waits, clock } = quickClock()
  const errors: Error[] = []
  const options: AlertDeliveryOptions = {
    sinks,
    clock,
    attempts: 3,
    retryMs: 100,
    maxWaiting: 10,
    onError: (error) => errors.push(error as Error),
    beforeSend: async () => {},
    onDelivered: () => {},
    ...more,
  }
  return { waits, errors, delivery: createAlertDelivery(options) }
}

const sinkOf = (send: (message: AlertMessage) => void, more: Partial<AlertSink> = {}): AlertSink => ({
  portVersion: 1,
  name: 'sink',
  send: async (one) => send(one),
  ...more,
})

describe('alert delivery', () => {
  it('tries again, and keeps what was not accepted without stopping the next message', async () => {
    const tried: string[] = []
    let down = true
    const sink = sinkOf(({ id }) => {
      tried.push(id)
      if (down && (id === 'bad' || (id === 'flaky' && tried.filter((one) => one === id).length < 3))) throw new Error(`${id} failed`)
    })
    const { delivery, waits, errors } = deliveryTo([sink])
    for (const id of ['flaky', 'bad', 'good']) delivery.send([message(id)])
    await delivery.settled()
    expect(tried).toEqual(['flaky', 'flaky', 'flaky', 'bad', 'bad', 'bad', 'good'])
    expect(waits).toEqual([100, 200, 100, 200])
    expect(errors.map((error) => error.message)).toEqual(['bad failed'])
    expect(delivery.outbox()).toEqual([{ sink: 'sink', messages: [message('bad')] }])
    down = false
    delivery.retry()
    await delivery.settled()
    expect(tried.at(-1)).toBe('bad')
    expect(delivery.outbox()).toEqual([])
  })

  it('never tells the end of an alert before its beginning', async () => {
    const got: string[] = []
    let down = true
    const sink = sinkOf(({ id, state }) => {
      if (down && id === 'a') throw new Error('down')
      got.push(`${id} ${state}`)
    })
    const { delivery } = deliveryTo([sink])
    delivery.send([message('a')])
    await delivery.settled()
    delivery.send([message('a', { state: 'resolved' })])
    delivery.send([message('b')])
    await delivery.settled()
    expect(got).toEqual(['b firing'])
    down = false
    delivery.retry()
    await delivery.settled()
    expect(got).toEqual(['b firing', 'a firing', 'a resolved'])
  })

  it('sends a group at once where the sink can do that, else each message once', async () => {
    const groups: string[][] = []
    const single: string[] = []
    const grouping = sinkOf(() => {}, { name: 'groups', sendAll: (messages) => void groups.push(messages.map(({ id }) => id)) })
    let failures = 1
    const plain = sinkOf(({ id }) => {
      if (id === 'b' && failures-- > 0) throw new Error('once')
      single.push(id)
    })
    const { delivery } = deliveryTo([grouping, plain])
    delivery.send([message('a'), message('b')])
    await delivery.settled()
    expect(groups).toEqual([['a', 'b']])
    expect(single).toEqual(['a', 'b'])
  })

  it('drops what a sink refuses for good, and the oldest of too many', async () => {
    const refusing = sinkOf(() => {
      throw new MillwrightError('PermissionDenied', 'no access')
    })
    const first = deliveryTo([refusing])
    first.delivery.send([message('a')])
    await first.delivery.settled()
    expect([first.waits, first.delivery.outbox(), first.errors.map((error) => error.message)]).toEqual([[], [], ['no access']])
    const broken = sinkOf(() => {
      throw new Error('down')
    })
    const second = deliveryTo([broken], { maxWaiting: 2, attempts: 1 })
    for (const id of ['a', 'b', 'c']) second.delivery.send([message(id)])
    await second.delivery.settled()
    expect(second.delivery.outbox().map(({ messages }) => messages[0]?.id)).toEqual(['b', 'c'])
    expect(second.errors[0]?.message).toBe('sink has accepted none of the last 2 notifications; the oldest (r) was dropped')
  })

  it('stores the outbox before a sink is told, and goes on with a restored one', async () => {
    const order: string[] = []
    const sink = sinkOf(({ id }) => void order.push(`send ${id}`))
    const { delivery } = deliveryTo([sink], {
      beforeSend: async () => void order.push(`store ${delivery.outbox().length}`),
      onDelivered: () => order.push('delivered'),
    })
    delivery.restore([
      { sink: 'sink', messages: [message('old')] },
      { sink: 'gone', messages: [message('lost')] },
    ])
    delivery.send([message('new')])
    await delivery.settled()
    expect(order).toEqual(['store 2', 'send old', 'delivered', 'send new', 'delivered'])
  })
})
