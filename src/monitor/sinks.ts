/** Alert sinks that need no other system: a function, a logger, a filter before another sink, and an action on a model. */
import type { Awaitable } from '../core/awaitable'
import { invalidArgument, show } from '../core/errors'
import type { Logger } from '../core/logger'
import { arrayOf, checkOptions, nonEmptyString, type OptionRule, ofType, oneOf, requireOptions } from '../core/options'
import type { AlertMessage, AlertSink } from '../ports/alert-sink'

/** Calls a function with every message. When it throws, the message counts as not delivered and is sent again. @param name for messages about failures */
export function callbackSink(send: (message: AlertMessage) => Awaitable<void>, name = 'callback'): AlertSink {
  if (typeof send !== 'function') throw invalidArgument(`callbackSink takes a function, got ${show(send)}`)
  return { portVersion: 1, name, send: async (message) => send(message) }
}

/** Writes one line for every message: critical alerts as errors, others as warnings, and what is over as information. @default logger the console */
export function logSink(logger: Pick<Logger, 'info' | 'warn' | 'error'> = console): AlertSink {
  return {
    portVersion: 1,
    name: 'log',
    send(message) {
      const level =
        message.state === 'resolved' || message.severity === 'info' ? 'info' : message.severity === 'critical' ? 'error' : 'warn'
      logger[level](alertLine(message))
    },
  }
}

/** A message in one line: `CRITICAL accuracy: accuracy is 0.71 over 200 labelled rows (below 0.8 alerts) [monitor=bikes]`. @throws InvalidArgument for what is no message */
export function alertLine(message: AlertMessage): string {
  requireOptions('alertLine', message, ['state', 'severity', 'summary', 'labels'])
  const { state, severity, summary, labels, reminder } = message
  const shown = Object.entries(labels).map(([name, value]) => `${name}=${value}`)
  const head = state === 'resolved' ? 'RESOLVED' : severity.toUpperCase()
  return `${head}${reminder === undefined ? '' : ` (reminder ${reminder})`} ${summary} [${shown.join(' ')}]`
}

/** Which messages a sink receives. All that is given must fit. */
export interface AlertFilter {
  /** Names of rules. */
  readonly rules?: readonly string[] | undefined
  readonly severities?: readonly AlertMessage['severity'][] | undefined
  readonly states?: readonly AlertMessage['state'][] | undefined
  /** Labels with these values. */
  readonly labels?: Readonly<Record<string, string>> | undefined
}

/**
 * A sink that passes only some messages on to another: page people for what is critical, write the rest to a channel.
 *
 * @example onlyAlerts({ severities: ['critical'] }, pagerDuty)
 * @throws InvalidArgument for a filter or sink that is none
 */
export function onlyAlerts(filter: AlertFilter, sink: AlertSink): AlertSink {
  checkFilter('onlyAlerts', filter)
  if (typeof sink?.send !== 'function') throw invalidArgument(`onlyAlerts needs an alert sink, got ${show(sink)}`)
  const { sendAll } = sink
  return {
    portVersion: 1,
    name: sink.name,
    send: async (message, options) => {
      if (passes(filter, message)) await sink.send(message, options)
    },
    ...(sendAll === undefined
      ? {}
      : {
          sendAll: async (messages, options) => {
            const wanted = messages.filter((message) => passes(filter, message))
            if (wanted.length > 0) await sendAll.call(sink, wanted, options)
          },
        }),
  }
}

/** Options of {@link actionSink}. */
export interface ActionSinkOptions extends AlertFilter {
  /** For messages about failures. */
  readonly name: string
  /** Called once for each alert that begins to fire. When it throws, it is called again. */
  readonly run: (message: AlertMessage) => Awaitable<unknown>
}

/**
 * Does something when an alert begins to fire: retrains, rolls back, opens an issue. It is a sink, so an action is repeated until it succeeds, and
 * survives a restart. A retryable or foreign error repeats it; another `MillwrightError` ends it. Reminders do not repeat it.
 *
 * @example actionSink({ name: 'rollback', rules: ['accuracy'], run: () => registry.rollback('bikes', 'champion') })
 */
export function actionSink(options: ActionSinkOptions): AlertSink {
  requireOptions('actionSink', options, ['name', 'run'])
  const { name, run, ...filter } = options
  checkFilter('actionSink', options, { name: nonEmptyString(), run: ofType('function') })
  return {
    portVersion: 1,
    name,
    async send(message) {
      if (message.state === 'firing' && message.reminder === undefined && passes(filter, message)) await run(message)
    },
  }
}

/** What {@link rollbackSink} needs of a registry. `ModelRegistry` has it. */
export interface RollbackRegistry {
  rollback(model: string, alias: string): Promise<unknown>
}

/** Options of {@link rollbackSink}. */
export interface RollbackSinkOptions extends AlertFilter {
  readonly registry: RollbackRegistry
  readonly model: string
  /** @default 'champion' */
  readonly alias?: string | undefined
}

/** Moves an alias back to the version it pointed to before, when an alert begins to fire. Predictors that follow the alias change over by themselves. */
export function rollbackSink(options: RollbackSinkOptions): AlertSink {
  requireOptions('rollbackSink', options, ['registry', 'model'])
  const { registry, model, alias = 'champion', ...filter } = options
  if (typeof registry.rollback !== 'function')
    throw invalidArgument(`\`registry\` of rollbackSink must be a registry, got ${show(registry)}`)
  return actionSink({ ...filter, name: `rollback of ${model}@${alias}`, run: () => registry.rollback(model, alias) })
}

/** What {@link retrainSink} needs of a retraining loop. `createRetraining` makes one. */
export interface RetrainingLoop {
  readonly running: boolean
  retrain(reason?: string): Promise<unknown>
}

/** Starts a retraining when an alert begins to fire, unless one is running: for alerts on drift or data, on which the loop does not start by itself. */
export function retrainSink(loop: RetrainingLoop, filter: AlertFilter = {}): AlertSink {
  if (typeof loop?.retrain !== 'function')
    throw invalidArgument(`retrainSink needs the loop that createRetraining makes, got ${show(loop)}`)
  return actionSink({
    ...filter,
    name: 'retraining',
    run: ({ summary }) => {
      if (!loop.running) void loop.retrain(summary).catch(() => {})
    },
  })
}

function checkFilter(subject: string, filter: AlertFilter, more: Readonly<Record<string, OptionRule>> = {}): void {
  checkOptions(subject, filter, {
    rules: arrayOf(nonEmptyString()),
    severities: arrayOf(oneOf('info', 'warning', 'critical')),
    states: arrayOf(oneOf('firing', 'resolved')),
    labels: ofType('object'),
    ...more,
  })
}

function passes({ rules, severities, states, labels = {} }: AlertFilter, message: AlertMessage): boolean {
  return (
    (rules === undefined || rules.includes(message.rule)) &&
    (severities === undefined || severities.includes(message.severity)) &&
    (states === undefined || states.includes(message.state)) &&
    Object.entries(labels).every(([name, value]) => message.labels[name] === value)
  )
}
