/** Alerts by e-mail, sent with nodemailer. */
import { escapeHtml } from '../../core/display'
import { invalidArgument, MillwrightError } from '../../core/errors'
import { arrayOf, checkOptions, either, nonEmptyString, ofType, requireOptions } from '../../core/options'
import { loadPeer } from '../../core/peer'
import type { AlertMessage, AlertSink } from '../../ports/alert-sink'

/** The part of a mail that is used. */
export interface OutgoingMail {
  readonly from: string
  readonly to: readonly string[]
  readonly subject: string
  readonly text: string
  readonly html: string
  readonly messageId: string
  readonly headers: Readonly<Record<string, string>>
}

/** The part of nodemailer's transport that is used. */
export interface MailTransport {
  sendMail(mail: OutgoingMail): Promise<unknown>
}

/** The part of nodemailer that is used. */
export interface Nodemailer {
  createTransport(options: unknown): MailTransport
}

/** Options of {@link emailSink}. */
export interface EmailOptions {
  readonly from: string
  readonly to: string | readonly string[]
  /** How to reach the mail server: an address such as `smtps://user:password@mail.example.org`, nodemailer's options, or a transport. */
  readonly transport: string | MailTransport | Readonly<Record<string, unknown>>
  /** Before the subject. @default '[Millwright]' */
  readonly prefix?: string | undefined
  /** nodemailer. @default loaded when the first mail is sent */
  readonly lib?: Nodemailer | undefined
}

/**
 * Sends one mail for each check, as text and HTML. A repeated mail has the same `Message-ID`. What the server refuses for good (a 5xx answer, a wrong
 * password) is not repeated.
 *
 * @throws InvalidArgument for invalid options; at the first mail MissingDependency without nodemailer
 */
export function emailSink(options: EmailOptions): AlertSink {
  requireOptions('emailSink', options, ['from', 'to', 'transport'])
  checkOptions('emailSink', options, {
    from: nonEmptyString(),
    to: either(nonEmptyString(), arrayOf(nonEmptyString())),
    transport: either(nonEmptyString(), ofType('object')),
    prefix: ofType('string'),
    lib: ofType('object'),
  })
  const { from, to, prefix = '[Millwright]' } = options
  const receivers = typeof to === 'string' ? [to] : to
  if (receivers.length === 0) throw invalidArgument('`to` of emailSink must name at least one address, got none')
  const name = `emailSink(${receivers.join(', ')})`
  let transport: Promise<MailTransport> | undefined
  const sendAll = async (messages: readonly AlertMessage[]): Promise<void> => {
    // A failed load is tried again with the next mail.
    transport ??= openTransport(options).catch((error: unknown) => {
      transport = undefined
      throw error
    })
    const mail = mailOf(messages, { from, to: receivers, prefix })
    try {
      await (await transport).sendMail(mail)
    } catch (error) {
      throw refusal(`${name} could not send ${JSON.stringify(mail.subject)}`, error)
    }
  }
  return { portVersion: 1, name, send: (message) => sendAll([message]), sendAll: (messages) => sendAll(messages) }
}

async function openTransport({ transport, lib }: EmailOptions): Promise<MailTransport> {
  if (typeof (transport as Partial<MailTransport>).sendMail === 'function') return transport as MailTransport
  const nodemailer = lib ?? (await loadPeer<Nodemailer>('nodemailer', { needed: 'emailSink' }))
  return nodemailer.createTransport(transport)
}

function mailOf(
  messages: readonly AlertMessage[],
  { from, to, prefix }: { from: string; to: readonly string[]; prefix: string },
): OutgoingMail {
  const [first] = messages as readonly [AlertMessage]
  const subject =
    messages.length === 1 ? `${wordOf(first)}: ${first.summary}` : `${messages.length} alerts of ${first.labels.monitor ?? 'the monitor'}`
  const key = messages.map(({ id, state, reminder }) => `${id}-${state}-${reminder ?? 0}`).join('.')
  return {
    from,
    to,
    // A header is one line.
    subject: `${prefix} ${subject}`.replace(/\s+/g, ' ').trim().slice(0, 200),
    text: messages.map(textOf).join('\n\n'),
    html: messages.map(htmlOf).join('\n'),
    messageId: `<${key.slice(0, 200)}@millwright>`,
    headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
  }
}

function wordOf({ state, severity, reminder }: AlertMessage): string {
  return state === 'resolved'
    ? 'Resolved'
    : `${severity[0]?.toUpperCase()}${severity.slice(1)}${reminder === undefined ? '' : ` (reminder ${reminder})`}`
}

function linesOf({ labels, value, threshold, startsAt, endsAt }: AlertMessage): [string, string][] {
  const numbers: [string, string][] = [
    ['value', Number.isFinite(value) ? String(value) : 'no data'],
    ['threshold', String(threshold)],
    ['since', new Date(startsAt).toISOString()],
  ]
  if (endsAt !== undefined) numbers.push(['until', new Date(endsAt).toISOString()])
  return [...numbers, ...Object.entries(labels)]
}

function textOf(message: AlertMessage): string {
  return [`${wordOf(message)}: ${message.summary}`, ...linesOf(message).map(([name, value]) => `  ${name}: ${value}`)].join('\n')
}

function htmlOf(message: AlertMessage): string {
  const colour = message.state === 'resolved' ? '#00795a' : message.severity === 'critical' ? '#b00020' : '#8a5a00'
  const rows = linesOf(message).map(
    ([name, value]) => `<tr><td style="padding:2px 12px 2px 0;color:#555">${escapeHtml(name)}</td><td>${escapeHtml(value)}</td></tr>`,
  )
  return `<h3 style="color:${colour};margin:16px 0 4px">${escapeHtml(wordOf(message))}: ${escapeHtml(message.rule)}</h3><p>${escapeHtml(message.summary)}</p><table>${rows.join('')}</table>`
}

/** Says what the server said. A 4xx answer and a lost connection may go better later. */
function refusal(failed: string, cause: unknown): MillwrightError {
  const { message = String(cause), code, responseCode } = (cause ?? {}) as { message?: string; code?: string; responseCode?: number }
  const final = code === 'EAUTH' || code === 'EENVELOPE' || (responseCode !== undefined && responseCode >= 500)
  return new MillwrightError(final ? 'InvalidArgument' : 'Unavailable', `${failed}: ${message}`, { cause, retryable: !final })
}
