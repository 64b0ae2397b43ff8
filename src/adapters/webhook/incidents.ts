/** Alerts to those who wake people up: PagerDuty's Events API v2, and Prometheus' Alertmanager. */
import { systemClock } from '../../core/clock'
import { httpClientRules } from '../../core/http-client'
import { checkOptions, finiteNumber, nonEmptyString, ofType, requireOptions } from '../../core/options'
import type { AlertMessage, AlertSink } from '../../ports/alert-sink'
import { checkHeaders, postSink, type WebhookHttpOptions } from './post-sink'

/** Options of {@link pagerDutySink}. */
export interface PagerDutyOptions extends WebhookHttpOptions {
  /** The integration key of the service. It is a secret. */
  readonly routingKey: string
  /** Where the alert comes from. @default the label `monitor` */
  readonly source?: string | undefined
  /** @default PagerDuty's address; the EU has `https://events.eu.pagerduty.com/v2/enqueue` */
  readonly url?: string | undefined
}

const longestSummary = 1024

/** Opens an incident when an alert begins to fire, and resolves it when it is over. The id of the alert joins the two. @throws InvalidArgument for invalid options */
export function pagerDutySink(options: PagerDutyOptions): AlertSink {
  requireOptions('pagerDutySink', options, ['routingKey'])
  const { timeoutMs, fetch, clock } = httpClientRules()
  checkOptions('pagerDutySink', options, {
    ...{ timeoutMs, fetch, clock },
    routingKey: nonEmptyString(),
    source: nonEmptyString(),
    url: nonEmptyString(),
  })
  const { routingKey, source, url = 'https://events.pagerduty.com/v2/enqueue', ...http } = options
  return postSink({
    ...http,
    kind: 'pagerDutySink',
    url,
    secrets: [routingKey],
    // An event holds one alert.
    groups: false,
    bodyOf: ([message]) => eventOf(message as AlertMessage, routingKey, source),
  })
}

function eventOf(
  { id, state, severity, rule, labels, summary, value, threshold, startsAt, details }: AlertMessage,
  key: string,
  source: string | undefined,
): unknown {
  const event = { routing_key: key, event_action: state === 'firing' ? 'trigger' : 'resolve', dedup_key: id }
  if (state === 'resolved') return event
  return {
    ...event,
    client: 'Millwright',
    payload: {
      summary: summary.slice(0, longestSummary),
      source: source ?? labels.monitor ?? 'millwright',
      severity,
      timestamp: new Date(startsAt).toISOString(),
      component: labels.monitor,
      group: labels.version,
      class: rule,
      custom_details: { ...labels, value: Number.isFinite(value) ? value : null, threshold, details },
    },
  }
}

/** Options of {@link alertmanagerSink}. */
export interface AlertmanagerOptions extends WebhookHttpOptions {
  /** The address of Alertmanager: `http://alertmanager:9093`. */
  readonly url: string
  /** Further labels of every alert, for its routes. */
  readonly labels?: Readonly<Record<string, string>> | undefined
  /** Further headers, such as `authorization`. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** A page that the alerts link to. */
  readonly generatorUrl?: string | undefined
  /**
   * How long Alertmanager keeps a firing alert that it hears nothing more about, in milliseconds. A message that is repeated (`repeatMs` of the
   * monitor) extends it. @default 86,400,000 (a day)
   */
  readonly holdMs?: number | undefined
}

/** Posts to Alertmanager's API v2, which groups, routes and silences. An alert is identified by its labels there. @throws InvalidArgument for invalid options */
export function alertmanagerSink(options: AlertmanagerOptions): AlertSink {
  requireOptions('alertmanagerSink', options, ['url'])
  const { timeoutMs, fetch, clock } = httpClientRules()
  checkOptions('alertmanagerSink', options, {
    ...{ timeoutMs, fetch, clock },
    url: nonEmptyString(),
    labels: ofType('object'),
    headers: ofType('object'),
    generatorUrl: nonEmptyString(),
    holdMs: finiteNumber(1),
  })
  const { url, labels = {}, headers, generatorUrl, holdMs = 86_400_000, ...http } = options
  checkHeaders('alertmanagerSink', headers ?? {})
  const now = http.clock ?? systemClock()
  return postSink({
    ...http,
    kind: 'alertmanagerSink',
    url: `${url.replace(/\/+$/, '')}/api/v2/alerts`,
    groups: true,
    ...(headers === undefined ? {} : { headersOf: async () => headers, secrets: Object.values(headers) }),
    bodyOf: (messages) =>
      messages.map((message) => ({
        labels: { ...labelsOf({ ...labels, ...message.labels }), alertname: message.rule, severity: message.severity },
        annotations: { summary: message.summary, value: String(message.value), threshold: String(message.threshold) },
        startsAt: new Date(message.startsAt).toISOString(),
        endsAt: new Date(message.endsAt ?? now.now() + holdMs).toISOString(),
        ...(generatorUrl === undefined ? {} : { generatorURL: generatorUrl }),
      })),
  })
}

/** Label names as Prometheus takes them. */
function labelsOf(labels: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(labels).map(([name, value]) => [name.replace(/[^a-zA-Z0-9_]/g, '_').replace(/^(?=[0-9])/, '_'), value]),
  )
}
