/** Callers with a JSON Web Token, checked by the package `jose`. */
import { invalidArgument, MillwrightError, show } from '../core/errors'
import { checkOptions, either, finiteNumber, nonEmptyString, ofType } from '../core/options'
import { loadPeer } from '../core/peer'
import { type Authenticate, bearerOf } from './auth'
import { HttpProblem } from './problem'

/** Options of {@link jwtAuth}. Exactly one of `secret`, `publicKey` and `jwksUrl` says what signs the tokens. */
export interface JwtAuthOptions {
  /** A shared secret, for HS256, HS384 and HS512. */
  readonly secret?: string | undefined
  /** A public key as PEM text (SPKI). */
  readonly publicKey?: string | undefined
  /** Where the issuer publishes its keys. They are fetched when needed, and again when a token names an unknown one. */
  readonly jwksUrl?: string | undefined
  /** The algorithms that are accepted. @default HS256 with a secret, else RS256, ES256 and EdDSA */
  readonly algorithms?: readonly string[] | undefined
  /** Who must have issued the token (`iss`). */
  readonly issuer?: string | undefined
  /** Whom it must be for (`aud`). */
  readonly audience?: string | undefined
  /** A scope that the token must have, in `scope` (words) or `scp` (a list); without it the caller gets a 403. */
  readonly scope?: string | undefined
  /** Difference of clocks that is tolerated, in seconds. @default 5 */
  readonly clockToleranceSeconds?: number | undefined
  /** The package `jose`, where it cannot be loaded by its name. */
  readonly lib?: object | undefined
}

/** The part of `jose` that is used. */
interface Jose {
  jwtVerify(token: string, key: unknown, options: object): Promise<{ readonly payload: Readonly<Record<string, unknown>> }>
  importSPKI(pem: string, algorithm: string): Promise<unknown>
  createRemoteJWKSet(url: URL): unknown
}

/**
 * Callers with `authorization: Bearer <JSON Web Token>`. The caller's id is the token's `sub`. Needs the package `jose`.
 *
 * @example createHandler(predictor, { auth: jwtAuth({ jwksUrl: 'https://issuer.example/.well-known/jwks.json', audience: 'models' }) })
 * @throws InvalidArgument unless exactly one kind of key is given
 */
export function jwtAuth(options: JwtAuthOptions): Authenticate {
  const text = nonEmptyString()
  checkOptions('jwtAuth', options ?? null, {
    secret: text,
    publicKey: text,
    jwksUrl: text,
    algorithms: { allowed: 'an array of names', test: (value) => Array.isArray(value) && value.length > 0 && value.every(text.test) },
    issuer: text,
    audience: text,
    scope: text,
    clockToleranceSeconds: finiteNumber(0),
    lib: either(ofType('object'), ofType('function')),
  })
  const { secret, publicKey, jwksUrl, issuer, audience, scope, clockToleranceSeconds = 5 } = options
  const kinds = [secret, publicKey, jwksUrl].filter((kind) => kind !== undefined)
  if (kinds.length !== 1) throw invalidArgument(`jwtAuth needs exactly one of \`secret\`, \`publicKey\`, \`jwksUrl\`, got ${kinds.length}`)
  const algorithms = options.algorithms ?? (secret === undefined ? ['RS256', 'ES256', 'EdDSA'] : ['HS256'])
  // A public key must never be taken for a shared secret, nor a token without a signature be accepted.
  const unfit = algorithms.find((name) => /^none$/i.test(name) || name.startsWith('HS') !== (secret !== undefined))
  if (unfit !== undefined)
    throw invalidArgument(`\`algorithms\` of jwtAuth with a ${secret === undefined ? 'public key' : 'secret'} cannot hold ${show(unfit)}`)
  if (publicKey !== undefined && !publicKey.includes('-----BEGIN PUBLIC KEY-----'))
    throw invalidArgument('`publicKey` of jwtAuth must be PEM text that begins with -----BEGIN PUBLIC KEY-----')
  if (jwksUrl !== undefined && !/^https?:$/.test(URL.canParse(jwksUrl) ? new URL(jwksUrl).protocol : ''))
    throw invalidArgument(`\`jwksUrl\` of jwtAuth must be a URL of http or https, got ${show(jwksUrl)}`)
  let ready: Promise<Keys> | undefined
  const prepare = async (): Promise<Keys> => {
    const jose = (options.lib as Jose | undefined) ?? (await loadPeer<Jose>('jose', { needed: 'jwtAuth' }))
    if (secret !== undefined) return { jose, algorithms, key: new TextEncoder().encode(secret) }
    if (publicKey !== undefined) return publicKeys(jose, publicKey, algorithms)
    return { jose, algorithms, key: jose.createRemoteJWKSet(new URL(jwksUrl as string)) }
  }
  return async (request) => {
    const token = bearerOf(request)
    if (token === undefined) return undefined
    ready ??= prepare().catch((error: unknown) => {
      ready = undefined
      throw error
    })
    const { jose, key, ...fit } = await ready
    const rules = { algorithms: fit.algorithms, issuer, audience, clockTolerance: clockToleranceSeconds }
    const payload = await jose.jwtVerify(token, key, rules).then(
      (verified) => verified.payload,
      (error: { readonly code?: unknown }) => {
        // Errors of jose about the token have a code; others, such as an issuer that cannot be reached, are the server's.
        if (typeof error?.code === 'string' && /^ERR_(JWT|JWS|JWKS_NO|JOSE_ALG|JOSE_NOT_SUPPORTED)/.test(error.code)) return undefined
        throw error
      },
    )
    if (payload === undefined) return undefined
    if (scope !== undefined && !scopesOf(payload).includes(scope))
      throw new HttpProblem(403, 'forbidden', `the token lacks the scope ${scope}`)
    return { id: typeof payload.sub === 'string' ? payload.sub : 'token' }
  }
}

/** What checks tokens. */
interface Keys {
  readonly jose: Jose
  readonly algorithms: readonly string[]
  readonly key: unknown
}

/** The key for each algorithm that it fits: one of RSA serves RS256, not ES256. */
async function publicKeys(jose: Jose, pem: string, algorithms: readonly string[]): Promise<Keys> {
  const keys = new Map<string, unknown>()
  let cause: unknown
  for (const name of algorithms) {
    try {
      keys.set(name, await jose.importSPKI(pem, name))
    } catch (error) {
      cause = error
    }
  }
  if (keys.size === 0)
    throw new MillwrightError('Internal', `\`publicKey\` of jwtAuth is no key for ${algorithms.map(show).join(', ')}`, { cause })
  return { jose, algorithms: [...keys.keys()], key: ({ alg }: { readonly alg: string }) => keys.get(alg) }
}

function scopesOf({ scope, scp }: Readonly<Record<string, unknown>>): readonly unknown[] {
  return [...(typeof scope === 'string' ? scope.split(' ') : []), ...(Array.isArray(scp) ? scp : [])]
}
