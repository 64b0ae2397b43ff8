import { describe, expect, it } from 'vitest'
import { functionModel } from '../../../src/adapters/function/function-runtime'
import { Monitor } from '../../../src/monitor'
import { liveMonitor } from '../../../src/report'
import { createHandler } from '../../../src/serve'
import { watchedMonitor } from '../../support/watched-monitor'
import { manualClock } from '../monitor/helpers'

/** The events of a stream, one at a time. */
function eventsOf(body: ReadableStream<Uint8Array> | null) {
  const reader = (body as ReadableStream<Uint8Array>).getReader()
  return {
    next: async (): Promise<string> => new TextDecoder().decode((await reader.read()).value),
    ended: async (): Promise<boolean> => (await reader.read()).done,
    cancel: () => reader.cancel(),
  }
}

describe('the page of a monitor', () => {
  it('shows rules, performance, versions, drift, refused input and past alerts, escaped', () => {
    const monitor = watchedMonitor('<i>')
    const live = liveMonitor(monitor)
    monitor.check()
    const page = live.html()
    for (const part of [
      'Monitor bikes',
      'Rules',
      'accuracy',
      'Versions',
      'Drift by column',
      'temp &#60;i&#62;',
      'Refused input',
      'Alerts',
      '✗ firing',
      'alert 0.8',
    ])
      expect(page).toContain(part)
    expect(page).not.toContain('<i>')
    expect(page.length).toBeLessThan(300_000)
    expect(page).toMatch(/script-src 'sha256-[A-Za-z0-9+/=]{44}'; connect-src 'self'/)
    live.close()
  })

  it('is mounted beside a model, and sends the whole state after each check', async () => {
    const monitor = watchedMonitor()
    const live = liveMonitor(monitor)
    const model = functionModel(() => 1, { name: 'one', signature: { inputs: [{ name: 'x', type: 'float64' }], outputs: [] } })
    const handler = createHandler(model, { protocols: [live.protocol], basePath: '/ml' })
    const page = await handler(new Request('http://localhost/ml/monitor'))
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
    expect(await page.text()).toContain("location.pathname.replace(/\\/$/, '') + '/events'")
    const stream = await handler(new Request('http://localhost/ml/monitor/events'))
    expect(stream.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    const events = eventsOf(stream.body)
    const first = await events.next()
    expect(first).toMatch(/^event: update\ndata: \{"tiles":.*"main":.*\}\n\n$/)
    monitor.check()
    const second = await events.next()
    expect(JSON.parse(second.split('data: ')[1] as string).main).toContain('Drift by column')
    await events.cancel()
    monitor.check()
    live.close()
  })

  it('runs on its own, beats when nothing happens, and ends its streams', async () => {
    const clock = manualClock(0)
    const monitor = new Monitor({ clock })
    const live = liveMonitor(monitor, { clock, maxReaders: 1, title: 'My model' })
    expect(await (await live.handler(new Request('http://localhost/'))).text()).toContain('No prediction was logged')
    const events = eventsOf((await live.handler(new Request('http://localhost/events'))).body)
    expect((await live.handler(new Request('http://localhost/events'))).status).toBe(503)
    await events.next()
    clock.advance(15_000)
    expect(await events.next()).toBe(': still here\n\n')
    live.close()
    expect(await events.ended()).toBe(true)
  })

  it('does not gather updates for a reader who does not read', async () => {
    const monitor = watchedMonitor()
    const live = liveMonitor(monitor)
    const { body } = await live.handler(new Request('http://localhost/events'))
    for (let i = 0; i < 50; i++) monitor.check()
    live.close()
    let chunks = 0
    for await (const _ of body as unknown as AsyncIterable<Uint8Array>) chunks++
    expect(chunks).toBeLessThanOrEqual(6)
  })

  it('refuses what is no monitor', () => {
    expect(() => liveMonitor({} as never)).toThrow('liveMonitor needs a monitor')
    expect(() => liveMonitor(new Monitor(), { every: 1 } as never)).toThrow('`every` is not an option of liveMonitor')
  })
})
