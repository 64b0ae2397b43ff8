import { createHmac } from 'node:crypto'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { inspect } from 'node:util'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { alertmanagerSink, pagerDutySink, slackSink, teamsSink, webhookSink } from '../../../../src/adapters/webhook'
import { alertMessage } from '../../monitor/helpers'

interface Received {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly text: string
  readonly body: unknown
}

let server: Server
let url = ''
let received: Received[] = []
let answer: readonly [number, string] = [200, 'ok']

beforeAll(async () => {
  server = createServer((request, response) => {
    let text = ''
    request.on('data', (part) => {
      text += part
    })
    request.on('end', () => {
      received.push({ path: request.url ?? '', headers: request.headers, text, body: JSON.parse(text) })
      response.writeHead(answer[0]).end(answer[1])
    })
  })
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => new Promise((closed) => server.close(closed)))
beforeEach(() => {
  received = []
  answer = [200, 'ok']
})

const at = Date.UTC(2024, 4, 1, 12)
const firing = alertMessage('a1', {
  rule: 'accuracy',
  severity: 'critical',
  summary: 'accuracy <b>is</b> 0.5 & low',
  startsAt: at,
  labels: { monitor: 'bikes', version: '3' },
})
const resolved = alertMessage('b2', {
  rule: 'drift',
  state: 'resolved',
  summary: 'drift resolved: 0 of 3',
  startsAt: at,
  endsAt: at + 60_000,
})

describe('webhooks', () => {
  it('tell no secret, though the receiver repeats it', async () => {
    const secret = 'T0K3N/ünsafe+secret'
    const echo = (): void => {
      answer = [404, `Cannot POST /services/${encodeURIComponent(secret)}?sig=${secret}`]
    }
    const sinks = [
      slackSink({ url: `${url}/services/${encodeURIComponent(secret)}` }),
      teamsSink({ url: `${url}/flow?sig=${encodeURIComponent(secret)}` }),
      pagerDutySink({ url, routingKey: secret }),
      webhookSink({ url, headers: { authorization: secret.replace('ü', 'u') }, secret }),
    ]
    for (const sink of sinks) {
      echo()
      const error = await Promise.resolve(sink.send(firing)).catch((thrown: Error) => thrown)
      expect(error).toMatchObject({ message: expect.stringMatching(/status 404, Cannot POST .*\*\*\*/) })
      expect(inspect(error, { depth: 9 })).not.toMatch(/T0K3N/)
    }
    const refused = [
      () => slackSink({ url: `ftp://host/${secret}` }),
      () => slackSink({ url: `http://user:${secret.slice(0, 5)}@host/` }),
      () => webhookSink({ url, headers: { ok: `x\r\nother: ${secret}` } }),
      () => alertmanagerSink({ url, headers: { 'no name': secret } }),
    ]
    for (const make of refused) {
      expect(make).toThrow(expect.objectContaining({ code: 'InvalidArgument' }))
      expect(make).not.toThrow(/T0K3N/)
    }
  })

  it('post signed JSON that can be recognised when it is repeated', async () => {
    const sink = webhookSink({ url: `${url}/hook?key=secret`, secret: 's3cret', headers: { authorization: 'Bearer x' } })
    await sink.sendAll?.([firing, resolved])
    await sink.send(firing)
    await sink.send(firing)
    const [both, one, again] = received as [Received, Received, Received]
    expect(both.body).toEqual({ alerts: JSON.parse(JSON.stringify([firing, resolved])) })
    expect(both.headers).toMatchObject({
      authorization: 'Bearer x',
      'content-type': 'application/json',
      'x-millwright-signature': `sha256=${createHmac('sha256', 's3cret').update(both.text).digest('hex')}`,
    })
    expect(one.headers['idempotency-key']).toBe(again.headers['idempotency-key'])
    expect(one.headers['idempotency-key']).not.toBe(both.headers['idempotency-key'])
    expect(sink.name).toBe(`webhookSink(${new URL(url).host})`)
    await webhookSink({ url, body: (messages) => messages.map(({ rule }) => rule) }).send(firing)
    expect(received[3]?.body).toEqual(['accuracy'])
  })

  it('post attachments to Slack, escaped', async () => {
    await slackSink({ url: `${url}/services/T0/B0/x`, link: 'https://grafana.example.org/d/1' }).sendAll?.([firing, resolved])
    expect(received[0]?.body).toMatchObject({
      text: 'bikes: 1 firing, 1 resolved',
      attachments: [
        {
          color: '#d00000',
          title: 'Critical: accuracy',
          title_link: 'https://grafana.example.org/d/1',
          text: 'accuracy &lt;b&gt;is&lt;/b&gt; 0.5 &amp; low',
          ts: at / 1000,
          fields: expect.arrayContaining([{ title: 'version', value: '3', short: true }]),
        },
        { color: '#009e73', title: 'Resolved: drift', ts: at / 1000 + 60 },
      ],
    })
  })

  it('post an adaptive card to Teams', async () => {
    await teamsSink({ url }).send(firing)
    expect(received[0]?.body).toMatchObject({
      type: 'message',
      attachments: [
        {
          contentType: 'application/vnd.microsoft.card.adaptive',
          content: {
            type: 'AdaptiveCard',
            body: [
              { type: 'TextBlock', text: 'bikes: 1 firing' },
              { type: 'TextBlock', text: 'Critical: accuracy', color: 'Attention' },
              { type: 'TextBlock', text: 'accuracy \\<b\\>is\\</b\\> 0.5 & low' },
              { type: 'FactSet', facts: expect.arrayContaining([{ title: 'value', value: '0.5' }]) },
            ],
          },
        },
      ],
    })
  })

  it('open and resolve an incident of PagerDuty by one key', async () => {
    const sink = pagerDutySink({ url, routingKey: 'R0' })
    await sink.send({ ...firing, summary: 'x'.repeat(2000), value: Number.NaN })
    await sink.send({ ...firing, state: 'resolved', endsAt: at + 1 })
    expect(received[0]?.body).toMatchObject({
      routing_key: 'R0',
      event_action: 'trigger',
      dedup_key: 'a1',
      payload: {
        summary: 'x'.repeat(1024),
        source: 'bikes',
        severity: 'critical',
        timestamp: '2024-05-01T12:00:00.000Z',
        class: 'accuracy',
        custom_details: { version: '3', value: null, threshold: 0.7 },
      },
    })
    expect(received[1]?.body).toEqual({ routing_key: 'R0', event_action: 'resolve', dedup_key: 'a1' })
    expect(sink.sendAll).toBeUndefined()
  })

  it('post alerts to Alertmanager with the times that it needs', async () => {
    const clock = { now: () => at + 5_000, schedule: () => () => {} }
    const sink = alertmanagerSink({ url: `${url}/`, labels: { team: 'ml' }, holdMs: 10_000, generatorUrl: 'https://example.org', clock })
    await sink.sendAll?.([{ ...firing, labels: { ...firing.labels, '1st-region': 'north' } }, resolved])
    expect(received[0]?.path).toBe('/api/v2/alerts')
    expect(received[0]?.body).toEqual([
      {
        labels: { team: 'ml', monitor: 'bikes', version: '3', _1st_region: 'north', alertname: 'accuracy', severity: 'critical' },
        annotations: { summary: firing.summary, value: '0.5', threshold: '0.7' },
        startsAt: '2024-05-01T12:00:00.000Z',
        endsAt: '2024-05-01T12:00:15.000Z',
        generatorURL: 'https://example.org',
      },
      expect.objectContaining({ endsAt: '2024-05-01T12:01:00.000Z' }),
    ])
  })

  it.each([
    [429, 'RateLimited', true],
    [503, 'Unavailable', true],
    [403, 'PermissionDenied', false],
    [404, 'InvalidArgument', false],
  ] as const)('say what the receiver answered, without the address: %i', async (status, code, retryable) => {
    answer = [status, 'no_team']
    const sent = webhookSink({ url: `${url}/secret-path` }).send(firing)
    await expect(sent).rejects.toMatchObject({
      code,
      retryable,
      message: expect.stringMatching(/did not accept accuracy: status \d+, no_team/),
    })
    await expect(sent).rejects.toMatchObject({ message: expect.not.stringContaining('secret-path') })
  })

  it('can be tried again when the network fails', async () => {
    const failing: typeof fetch = () => Promise.reject(new TypeError('fetch failed'))
    await expect(slackSink({ url, fetch: failing }).send(firing)).rejects.toMatchObject({ code: 'Unavailable', retryable: true })
  })

  it.each([
    [() => webhookSink({} as never), 'webhookSink needs `url`'],
    [() => webhookSink({ url: 'ftp://x' }), '`url` of webhookSink must be an http or https address'],
    [() => slackSink({ url, chanel: '#x' } as never), '`chanel` is not an option of slackSink'],
    [() => pagerDutySink({} as never), 'pagerDutySink needs `routingKey`'],
    [() => alertmanagerSink({ url, holdMs: 0 }), '`holdMs` of alertmanagerSink must be a finite number ≥ 1, got 0'],
  ])('refuse options that do not fit: %#', (make, message) => {
    expect(make).toThrow(message)
  })
})
