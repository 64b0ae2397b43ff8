/** Addresses of files at the artifact proxy, and which names it keeps as they are. */
import { invalidArgument, show } from '../../../core/errors'
import { assertSafeKey } from '../../../core/ids'

/** The proxy below the tracking URI. */
export const proxyRoot = '/api/2.0/mlflow-artifacts'

/** Each segment percent-encoded. */
export function encodePath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/')
}

/**
 * Checks a relative path for a server: a safe key without what the server reads as something else. It decodes names twice, so that `a%2fb` would
 * be kept as `a/b`; it takes `#` for the beginning of a fragment, and drops a `;` at the end of a name (seen with MLflow 3.17).
 *
 * @throws InvalidArgument naming `subject`
 */
export function assertServerPath(path: string, subject: string): void {
  assertSafeKey(path, subject)
  if (/%[0-9a-f]{2}|#|;(\/|$)/i.test(path)) {
    throw invalidArgument(
      `${subject} on an MLflow server must not hold %XX, # or a name that ends in ;, which it would change, got ${show(path)}`,
    )
  }
}
