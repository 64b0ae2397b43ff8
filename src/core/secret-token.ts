/** The rule for tokens that open something. */
import { invalidArgument } from './errors'

/**
 * Checks a token that is sent as `authorization: Bearer <token>`. The message does not tell the token.
 *
 * @throws InvalidArgument naming `subject`, unless it has at least 16 characters and no white space
 */
export function assertSecretToken(subject: string, token: unknown): void {
  if (typeof token === 'string' && /^\S{16,}$/.test(token)) return
  const got = typeof token !== 'string' ? 'no text' : /\s/.test(token) ? 'one with white space' : `one of ${token.length} characters`
  throw invalidArgument(`${subject} must have at least 16 characters and no white space, for whoever knows it may act; got ${got}`, {
    hint: 'openssl rand -hex 32 makes one',
  })
}
