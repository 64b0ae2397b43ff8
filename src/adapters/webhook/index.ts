/** Alerts over HTTP: to an address of your own, Slack, Microsoft Teams, PagerDuty and Alertmanager. */
export { type ChatOptions, slackSink, teamsSink } from './chat'
export { type AlertmanagerOptions, alertmanagerSink, type PagerDutyOptions, pagerDutySink } from './incidents'
export type { WebhookHttpOptions } from './post-sink'
export { type WebhookOptions, webhookSink } from './webhook'
