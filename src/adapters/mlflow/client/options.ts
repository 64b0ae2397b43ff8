/** The options that the tracker and the registry on a server have in common. */
import type { Clock } from '../../../core/clock'
import { finiteNumber, nonEmptyString, type OptionRule, ofType, wholeNumber } from '../../../core/options'

/** How to reach a server. */
export interface MlflowClientOptions {
  /** Tracking URI, `http(s)://[user:password@]host[:port][/prefix]`. @default environment variable `MLFLOW_TRACKING_URI` */
  readonly url?: string | undefined
  /** Basic authentication; wins over `token`. @default `MLFLOW_TRACKING_USERNAME` and `…_PASSWORD`, then `~/.mlflow/credentials` */
  readonly username?: string | undefined
  readonly password?: string | undefined
  /** Bearer token. @default `MLFLOW_TRACKING_TOKEN` */
  readonly token?: string | undefined
  /** Sent as `X-MLFLOW-WORKSPACE`; leave out on servers without workspaces. @default `MLFLOW_WORKSPACE` */
  readonly workspace?: string | undefined
  /** Further headers of every request; an `Authorization` among them replaces every other way to log in. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Number of retries after the first attempt, for 408, 429, 5xx and a lost connection. @default 5 */
  readonly retries?: number | undefined
  /** Milliseconds before the first retry; doubles each time up to a minute, and up to half is added at random. @default 500 */
  readonly backoffMs?: number | undefined
  /** Time limit in milliseconds: for the answer (once for each 16 MiB sent), then for each MiB of its body. @default 120000 */
  readonly timeoutMs?: number | undefined
  /** Files of this size and more are uploaded in parts, where the server's artifact store supports that. @default 100 MiB */
  readonly multipartBytes?: number | undefined
  /** Download files directly from the artifact store, where the server can give presigned addresses (S3 and the like). @default false */
  readonly directDownloads?: boolean | undefined
  /** @default the global `fetch` */
  readonly fetch?: typeof fetch | undefined
  readonly clock?: Clock | undefined
  /** Seed of the jitter in the waits. @default a different one for each client */
  readonly seed?: number | undefined
}

/** The rules of {@link MlflowClientOptions}, for `checkOptions`. */
export function clientOptionRules(): Readonly<Record<keyof MlflowClientOptions, OptionRule>> {
  return {
    url: nonEmptyString(),
    username: ofType('string'),
    password: ofType('string'),
    token: ofType('string'),
    workspace: nonEmptyString(),
    headers: ofType('object'),
    retries: wholeNumber(0, 100),
    backoffMs: finiteNumber(0),
    timeoutMs: finiteNumber(1),
    multipartBytes: wholeNumber(1),
    directDownloads: ofType('boolean'),
    fetch: ofType('function'),
    clock: ofType('object'),
    seed: finiteNumber(),
  }
}
