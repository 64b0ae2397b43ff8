/** Triggers that fire when somebody asks: by hand, or over HTTP. */
import { sha256Hex } from '../../core/hash'
import { anything, checkOptions, requireOptions } from '../../core/options'
import { assertSecretToken } from '../../core/secret-token'
import { assertTriggerName, type OverlapPolicy, type Trigger, triggerRules } from './trigger'

/** Options of {@link manualTrigger}. */
export interface ManualTriggerOptions {
  /** @default 'manual' */
  readonly name?: string | undefined
  readonly overlap?: OverlapPolicy | undefined
}

/** Fires when `fire(name)` of the schedule is called. Every schedule has one called `manual` unless it names its own. */
export function manualTrigger(options: ManualTriggerOptions = {}): Trigger {
  checkOptions('manualTrigger', options, triggerRules())
  const { name = 'manual', overlap } = options
  assertTriggerName(name)
  return { name, kind: 'manual', overlap, where: 'everywhere', start: () => {} }
}

/** Options of {@link httpTrigger}. */
export interface HttpTriggerOptions {
  /** The last part of the path that fires it. @default 'http' */
  readonly name?: string | undefined
  /** Requests must carry it: `Authorization: Bearer <token>`. At least 16 characters, no white space. */
  readonly token: string
  readonly overlap?: OverlapPolicy | undefined
}

/**
 * Fires when the schedule's `handle` gets `POST …/<name>` with the token. The JSON body, if any, is the input of the run. A header
 * `Idempotency-Key` makes repeated requests one firing.
 *
 * @throws InvalidArgument
 */
export function httpTrigger(options: HttpTriggerOptions): Trigger {
  requireOptions('httpTrigger', options, ['token'])
  checkOptions('httpTrigger', options, { ...triggerRules(), token: anything() })
  assertSecretToken('`token` of httpTrigger', options.token)
  const { name = 'http', overlap } = options
  assertTriggerName(name)
  // Digests are compared, so that the time of the comparison tells nothing about the token.
  const digest = sha256Hex(`Bearer ${options.token}`)
  return {
    name,
    kind: 'http',
    overlap,
    where: 'everywhere',
    start: () => {},
    authorise(request) {
      if (sha256Hex(request.headers.get('authorization') ?? '') === digest) return undefined
      const headers = { 'www-authenticate': 'Bearer' }
      return Response.json({ error: { code: 'PermissionDenied', message: `trigger ${name} needs its token` } }, { status: 401, headers })
    },
  }
}
