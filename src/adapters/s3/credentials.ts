/** The credentials that sign requests: given as an option, returned by a provider function, or read from the environment. */
import type { Awaitable } from '../../core/awaitable'
import type { Clock } from '../../core/clock'
import { invalidArgument, isPromise, MillwrightError } from '../../core/errors'

/** Credentials of an account, in the shape that the credential providers of the AWS SDK return. */
export interface S3Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** Only temporary credentials have one. */
  readonly sessionToken?: string | undefined
  /** When temporary credentials expire: a Date, or epoch milliseconds. A provider is called again a minute before. */
  readonly expiration?: Date | number | undefined
}

/** Where credentials come from. */
export interface CredentialSource {
  get(): Promise<S3Credentials>
  /** Forgets the credentials that a provider returned. @returns whether `get` may return others */
  forget(): boolean
}

/** How long before they expire temporary credentials are renewed. */
const marginMs = 60_000

/** The source that the options name. */
export function credentialSource(given: S3Credentials | (() => Awaitable<S3Credentials>) | undefined, clock: Clock): CredentialSource {
  if (typeof given !== 'function') return { get: async () => given ?? fromEnvironment(), forget: () => false }
  let held: Promise<S3Credentials> | undefined
  let endsAt = Number.POSITIVE_INFINITY
  const ask = async (): Promise<S3Credentials> => {
    const credentials = await given()
    checkCredentials(credentials, 'the result of the credentials provider of s3Storage')
    endsAt = credentials.expiration === undefined ? Number.POSITIVE_INFINITY : Number(credentials.expiration)
    return credentials
  }
  return {
    get() {
      if (held !== undefined && clock.now() < endsAt - marginMs) return held
      endsAt = Number.POSITIVE_INFINITY
      const asked = ask()
      held = asked
      asked.catch(() => {
        if (held === asked) held = undefined
      })
      return asked
    },
    forget() {
      held = undefined
      return true
    },
  }
}

/** Checks credentials. @throws InvalidArgument; the message names the wrong field and shows no value */
export function checkCredentials(value: unknown, subject: string): asserts value is S3Credentials {
  const { accessKeyId, secretAccessKey, sessionToken, expiration } = (value ?? {}) as Readonly<Record<string, unknown>>
  const isText = (text: unknown): boolean => typeof text === 'string' && text !== ''
  const wrong = !isText(accessKeyId)
    ? '`accessKeyId`'
    : !isText(secretAccessKey)
      ? '`secretAccessKey`'
      : sessionToken !== undefined && !isText(sessionToken)
        ? '`sessionToken`'
        : expiration !== undefined && Number.isNaN(Number(expiration))
          ? '`expiration`'
          : undefined
  if (wrong === undefined) return
  const what = isPromise(value) ? ', got a Promise (did you forget `await`?)' : `; its ${wrong} is missing or wrong`
  throw invalidArgument(`${subject} must be an object with \`accessKeyId\` and \`secretAccessKey\`, both non-empty strings${what}`)
}

function fromEnvironment(): S3Credentials {
  const accessKeyId = environment('AWS_ACCESS_KEY_ID')
  const secretAccessKey = environment('AWS_SECRET_ACCESS_KEY')
  if (accessKeyId === undefined || secretAccessKey === undefined) {
    throw new MillwrightError('PermissionDenied', 's3Storage has no credentials', {
      hint: 'pass { credentials }, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
    })
  }
  return { accessKeyId, secretAccessKey, sessionToken: environment('AWS_SESSION_TOKEN') }
}

/** An environment variable that is set and not empty. */
export function environment(name: string): string | undefined {
  const { env } = (globalThis as { process?: { env?: Readonly<Record<string, string | undefined>> } }).process ?? {}
  return env?.[name] || undefined
}
