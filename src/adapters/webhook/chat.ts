/** Alerts as messages in chat: Slack's incoming webhooks, and the workflows of Microsoft Teams. */
import { httpClientRules } from '../../core/http-client'
import { checkOptions, nonEmptyString, requireOptions } from '../../core/options'
import type { AlertMessage, AlertSink } from '../../ports/alert-sink'
import { postSink, type WebhookHttpOptions } from './post-sink'

/** Options of {@link slackSink} and {@link teamsSink}. */
export interface ChatOptions extends WebhookHttpOptions {
  /** The address that the chat gave for the channel. It is a secret. */
  readonly url: string
  /** A page that messages link to, such as a dashboard. */
  readonly link?: string | undefined
}

/** Posts to a channel of Slack by an incoming webhook: one message for each check, with an attachment for each alert. @throws InvalidArgument for invalid options */
export function slackSink(options: ChatOptions): AlertSink {
  const { url, link, ...http } = checked('slackSink', options)
  return postSink({
    ...http,
    kind: 'slackSink',
    url,
    groups: true,
    bodyOf: (messages) => ({
      text: slackText(title(messages)),
      attachments: messages.map((message) => ({
        color: colour(message),
        title: slackText(headline(message)),
        ...(link === undefined ? {} : { title_link: link }),
        text: slackText(message.summary),
        fallback: slackText(`${headline(message)}: ${message.summary}`),
        fields: facts(message).map(([name, value]) => ({ title: slackText(name), value: slackText(value), short: true })),
        ts: Math.floor((message.endsAt ?? message.startsAt) / 1000),
      })),
    }),
  })
}

/** Posts to a channel of Microsoft Teams by a workflow ("when a webhook request is received"): one adaptive card for each check. @throws InvalidArgument for invalid options */
export function teamsSink(options: ChatOptions): AlertSink {
  const { url, link, ...http } = checked('teamsSink', options)
  return postSink({
    ...http,
    kind: 'teamsSink',
    url,
    groups: true,
    bodyOf: (messages) => ({
      type: 'message',
      attachments: [{ contentType: 'application/vnd.microsoft.card.adaptive', contentUrl: null, content: card(messages, link) }],
    }),
  })
}

function checked(kind: string, options: ChatOptions): ChatOptions {
  requireOptions(kind, options, ['url'])
  const { timeoutMs, fetch, clock } = httpClientRules()
  checkOptions(kind, options, { ...{ timeoutMs, fetch, clock }, url: nonEmptyString(), link: nonEmptyString() })
  return options
}

function card(messages: readonly AlertMessage[], link: string | undefined): unknown {
  const text = (value: string, more: Readonly<Record<string, unknown>> = {}): unknown => ({
    type: 'TextBlock',
    text: markdownText(value),
    wrap: true,
    ...more,
  })
  const blocks = messages.flatMap((message) => [
    text(headline(message), {
      weight: 'Bolder',
      separator: true,
      color: message.state === 'resolved' ? 'Good' : message.severity === 'critical' ? 'Attention' : 'Warning',
    }),
    text(message.summary),
    { type: 'FactSet', facts: facts(message).map(([name, value]) => ({ title: markdownText(name), value: markdownText(value) })) },
  ])
  return {
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    type: 'AdaptiveCard',
    version: '1.4',
    body: [text(title(messages), { size: 'Medium', weight: 'Bolder' }), ...blocks],
    ...(link === undefined ? {} : { actions: [{ type: 'Action.OpenUrl', title: 'Open', url: link }] }),
  }
}

function title(messages: readonly AlertMessage[]): string {
  const firing = messages.filter(({ state }) => state === 'firing').length
  const monitors = [...new Set(messages.map(({ labels }) => labels.monitor ?? 'monitor'))].join(', ')
  const resolved = messages.length - firing
  const parts = [firing === 0 ? '' : `${firing} firing`, resolved === 0 ? '' : `${resolved} resolved`].filter(Boolean)
  return `${monitors}: ${parts.join(', ')}`
}

function headline({ state, severity, rule, reminder }: AlertMessage): string {
  const what = state === 'resolved' ? 'Resolved' : `${severity[0]?.toUpperCase()}${severity.slice(1)}`
  return `${what}: ${rule}${reminder === undefined ? '' : ` (still firing, reminder ${reminder})`}`
}

function facts({ labels, value, threshold, startsAt, endsAt }: AlertMessage): [string, string][] {
  const number = (x: number): string => (Number.isFinite(x) ? String(Number(x.toPrecision(4))) : 'no data')
  return [
    ['value', number(value)],
    ['threshold', number(threshold)],
    ['since', new Date(startsAt).toISOString()],
    ...(endsAt === undefined ? [] : [['until', new Date(endsAt).toISOString()] as [string, string]]),
    ...Object.entries(labels),
  ]
}

function colour({ state, severity }: AlertMessage): string {
  return state === 'resolved' ? '#009e73' : severity === 'critical' ? '#d00000' : severity === 'warning' ? '#e69f00' : '#0072b2'
}

/** Slack reads `<…>` as a link or a mention, and `&` as the start of a character. */
function slackText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

/** Adaptive cards read Markdown. */
function markdownText(text: string): string {
  return text.replace(/[\\`*_[\]<>]/g, (c) => `\\${c}`)
}
