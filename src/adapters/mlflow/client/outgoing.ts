/** One request to a server, with all that sending it needs. */

/** A request as it goes out. */
export interface Outgoing {
  readonly method: string
  readonly target: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array | undefined
  /** For messages: method and path, nothing that a query may hold. */
  readonly operation: string
  /** For messages: who is asked. */
  readonly server: string
  readonly fetch: typeof fetch
  /** `false`: repeated only after a refusal that says that nothing was done. */
  readonly idempotent: boolean
  readonly signal?: AbortSignal | undefined
  /** Longest body that is read. */
  readonly maxBytes: number
  /** Told of a try that failed, but may have been carried out. */
  readonly onLost?: (() => void) | undefined
}
