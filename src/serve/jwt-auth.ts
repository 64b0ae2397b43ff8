/** Callers with a JSON Web Token, checked by the package `jose`. */
import { invalidArgument } from '../core/errors'
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
  let ready: Promise<{ readonly jose: Jose; readonly key: unknown }> | undefined
  const prepare = async (): Promise<{ readonly jose: Jose; readonly key: unknown }> => {
    const jose = (options.lib as Jose | undefined) ?? (await loadPeer<Jose>('jose', { needed: 'jwtAuth' }))
    if (secret !== undefined) return { jose, key: new TextEncoder().encode(secret) }
    if (publicKey !== undefined) return { jose, key: await jose.importSPKI(publicKey, algorithms[0] as string) }
    return { jose, key: jose.createRemoteJWKSet(new URL(jwksUrl as string)) }
  }
  return async (request) => {
    const token = bearerOf(request)
    if (token === undefined) return undefined
    ready ??= prepare().catch((error: unknown) => {
      ready = undefined
      throw error
    })
    const { jose, key } = await ready
    const rules = { algorithms, issuer, audience, clockTolerance: clockToleranceSeconds }
    const payload = await jose.jwtVerify(token, key, rules).then(
      (verified) => verified.payload,
      (error: { readonly code?: unknown }) => {
        // Errors of jose about the token have a code; others, such as an issuer that cannot be reached, are the server's.
        if (typeof error?.code === 'string' && /^ERR_(JWT|JWS|JWKS_NO|JOSE_ALG)/.test(error.code)) return undefined
        throw error
      },
    )
    if (payload === undefined) return undefined
    if (scope !== undefined && !scopesOf(payload).includes(scope))
      throw new HttpProblem(403, 'forbidden', `the token lacks the scope ${scope}`)
    return { id: typeof payload.sub === 'string' ? payload.sub : 'token' }
  }
}

function scopesOf({ scope, scp }: Readonly<Record<string, unknown>>): readonly unknown[] {
  return [...(typeof scope === 'string' ? scope.split(' ') : []), ...(Array.isArray(scp) ? scp : [])]
}
