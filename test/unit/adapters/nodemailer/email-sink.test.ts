/** Real mails: nodemailer sends them to a real SMTP server on the loopback. */
import type { AddressInfo } from 'node:net'
import { SMTPServer } from 'smtp-server'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { emailSink } from '../../../../src/adapters/nodemailer/email-sink'
import { alertMessage } from '../../monitor/helpers'

let server: SMTPServer
let url = ''
let mails: { readonly to: readonly string[]; readonly text: string }[] = []
let refuse: { readonly code: number; readonly text: string } | undefined

beforeAll(async () => {
  server = new SMTPServer({
    disabledCommands: ['AUTH', 'STARTTLS'],
    onData(stream, session, done) {
      const parts: Buffer[] = []
      stream.on('data', (part: Buffer) => parts.push(part))
      stream.on('end', () => {
        if (refuse !== undefined) return done(Object.assign(new Error(refuse.text), { responseCode: refuse.code }))
        mails.push({ to: session.envelope.rcptTo.map(({ address }) => address), text: Buffer.concat(parts).toString() })
        return done()
      })
    },
  })
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
  url = `smtp://127.0.0.1:${(server.server.address() as AddressInfo).port}`
})
afterAll(() => new Promise<void>((closed) => server.close(closed)))
beforeEach(() => {
  mails = []
  refuse = undefined
})

const options = () => ({ from: 'alerts@example.org', to: ['a@example.org', 'b@example.org'], transport: url })

describe('e-mail', () => {
  it('is one mail for each check, as text and HTML', async () => {
    const sink = emailSink(options())
    const critical = alertMessage('a', { severity: 'critical', summary: 'r: <x> is\n0.5', labels: { monitor: 'bikes' } })
    await sink.sendAll?.([critical, alertMessage('b', { state: 'resolved', endsAt: 2000 })])
    await sink.send(critical)
    await sink.send(critical)
    expect(mails).toHaveLength(3)
    expect(mails[0]?.to).toEqual(['a@example.org', 'b@example.org'])
    const [both, one, again] = mails.map(({ text }) => text.replaceAll('=\r\n', ''))
    expect(both).toMatch(/^Subject: \[Millwright\] 2 alerts of bikes\r$/m)
    expect(both).toMatch(/multipart\/alternative/)
    expect(both).toContain('&#60;x&#62;')
    expect(both).toContain('Resolved: r: x is 0.5')
    expect(one).toMatch(/^Subject: \[Millwright\] Critical: r: <x> is 0\.5\r$/m)
    const idOf = (text = ''): string | undefined => /^Message-ID: (.*)\r$/m.exec(text)?.[1]
    expect(idOf(one)).toBe(idOf(again))
    expect(idOf(one)).not.toBe(idOf(both))
  })

  it('is sent again after a passing refusal, not after a final one', async () => {
    const sink = emailSink(options())
    refuse = { code: 451, text: 'try later' }
    await expect(sink.send(alertMessage('a'))).rejects.toMatchObject({
      code: 'Unavailable',
      retryable: true,
      message: expect.stringContaining('try later'),
    })
    refuse = { code: 550, text: 'no such user' }
    await expect(sink.send(alertMessage('a'))).rejects.toMatchObject({ code: 'InvalidArgument', retryable: false })
  })

  it('takes a transport of the application', async () => {
    const subjects: string[] = []
    const transport = { sendMail: async ({ subject }: { subject: string }) => void subjects.push(subject) }
    await emailSink({ ...options(), transport, prefix: '' }).send(alertMessage('a'))
    expect(subjects).toEqual(['Warning: r: x is 0.5'])
    expect(() => emailSink({ ...options(), to: [] })).toThrow('`to` of emailSink must name at least one address')
    expect(() => emailSink({ from: 'a' } as never)).toThrow('emailSink needs `to`')
  })
})
