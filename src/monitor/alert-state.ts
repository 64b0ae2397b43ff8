/**
 * The states of one alert: inactive → pending → firing → resolved, with a delay before it fires and a delay before
 * it resolves. The first is given in time and in number of checks, because batch jobs check at irregular times.
 *
 * Source: the state rules of Prometheus alerting (`for`, `keep_firing_for`), extended by the counts.
 */

/** How long a condition must hold before the alert fires, and must not hold before it resolves. */
export interface AlertPatience {
  /** The condition must hold this long before the alert fires, in milliseconds. @default 0 */
  readonly forMs?: number | undefined
  /** … and at this many checks in a row. @default 1 */
  readonly forChecks?: number | undefined
  /** A firing alert resolves only when the condition has not held for this long, in milliseconds. @default 0 */
  readonly keepFiringMs?: number | undefined
  /** After it has resolved, an alert stays `pending` for this long before it fires again, in milliseconds. @default 0 */
  readonly coolDownMs?: number | undefined
}

/** The state of an alert. It is plain JSON, so it can be stored and used for the next check. */
export interface AlertState {
  readonly state: 'inactive' | 'pending' | 'firing' | 'resolved'
  /** When the present state began, epoch milliseconds. */
  readonly since: number
  /** When the condition began to hold (`pending`, `firing`, and `resolved`). */
  readonly activeAt?: number | undefined
  /** When the alert fired (`firing` and `resolved`). */
  readonly firedAt?: number | undefined
  /** Checks in a row at which the condition held. */
  readonly checks: number
  /** The first check at which the condition of a firing alert no longer held. */
  readonly clearSince?: number | undefined
  /** When the alert resolved last. */
  readonly resolvedAt?: number | undefined
}

/** The state of an alert that was never checked. */
export function inactiveAlert(at: number): AlertState {
  return { state: 'inactive', since: at, checks: 0 }
}

/**
 * The state after a check at `at` that found the condition `active`. Times must not go back.
 *
 * When the condition stops holding while the alert is pending, the result is `inactive`, never `resolved`. `resolved` is reported by the
 * check at which the alert stops firing; the next check at which the condition does not hold gives `inactive`.
 */
export function nextAlertState(previous: AlertState, active: boolean, at: number, patience: AlertPatience = {}): AlertState {
  return active ? whenActive(previous, at, patience) : whenQuiet(previous, at, patience)
}

function whenActive(previous: AlertState, at: number, { forMs = 0, forChecks = 1, coolDownMs = 0 }: AlertPatience): AlertState {
  const checks = previous.checks + 1
  if (previous.state === 'firing') return { ...withoutClear(previous), checks }
  const activeAt = previous.state === 'pending' && previous.activeAt !== undefined ? previous.activeAt : at
  const count = previous.state === 'pending' ? checks : 1
  const cool = previous.resolvedAt === undefined || at - previous.resolvedAt >= coolDownMs
  if (cool && at - activeAt >= forMs && count >= forChecks)
    return { state: 'firing', since: at, activeAt, firedAt: at, checks: count, ...resolvedOf(previous) }
  return { state: 'pending', since: activeAt, activeAt, checks: count, ...resolvedOf(previous) }
}

function whenQuiet(previous: AlertState, at: number, { keepFiringMs = 0 }: AlertPatience): AlertState {
  if (previous.state !== 'firing')
    return previous.state === 'inactive' ? { ...previous, checks: 0 } : { ...inactiveAlert(at), ...resolvedOf(previous) }
  const clearSince = previous.clearSince ?? at
  if (keepFiringMs > 0 && (previous.clearSince === undefined || at - clearSince < keepFiringMs))
    return { ...previous, checks: 0, clearSince }
  return { state: 'resolved', since: at, activeAt: previous.activeAt, firedAt: previous.firedAt, checks: 0, resolvedAt: at }
}

function resolvedOf({ resolvedAt }: AlertState): Pick<AlertState, 'resolvedAt'> {
  return resolvedAt === undefined ? {} : { resolvedAt }
}

function withoutClear({ clearSince: _, ...state }: AlertState): AlertState {
  return state
}
