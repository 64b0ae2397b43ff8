/** One entry for each answered request. */

/** What is known of an answered request. It holds no headers, no query and no body. */
export interface AccessLogEntry {
  /** Epoch milliseconds. */
  readonly at: number
  readonly requestId: string
  readonly method: string
  /** As the client sent it, without the query. */
  readonly path: string
  /** The pattern of the route, or `unmatched`. */
  readonly route: string
  readonly status: number
  readonly durationMs: number
  /** Length of the answer's body in characters or bytes; `undefined` for a stream. */
  readonly length?: number | undefined
  /** The caller that `auth` found. */
  readonly caller?: string | undefined
  readonly address?: string | undefined
  /** The client's trace, where it sent one. */
  readonly traceparent?: string | undefined
}

/** Receives the entries. What it throws is ignored. */
export type AccessLog = (entry: AccessLogEntry) => void
