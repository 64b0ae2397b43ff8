/** How runs are started. */

/** Options of `tracker.startRun`. */
export interface StartRunOptions {
  /** The experiment's name; the experiment is created if it does not exist. @default 'Default', or the parent's */
  readonly experiment?: string | undefined
  /** @default an adjective, an animal and a number */
  readonly name?: string | undefined
  /**
   * Goes on with the newest run of this `name` in the experiment (nested runs: in the parent), whatever its status, as `tracker.resumeRun`;
   * starts one where there is none. `tags` and `description` are set on it, `seed` and `trace` stay what they were. @default false
   */
  readonly resume?: boolean | undefined
  readonly tags?: Readonly<Record<string, string>> | undefined
  /** The run this one is nested in: MLflow's tag `mlflow.parentRunId`. */
  readonly parent?: { readonly runId: string; readonly experimentId: string } | undefined
  /** Recorded as tag `millwright.seed`, and available as `run.seed`. */
  readonly seed?: number | undefined
  /** The run's description: Markdown that MLflow shows on its page. */
  readonly description?: string | undefined
  /** Aborting ends `tracker.run` at once, the run `killed`. `startRun` checks it only before the run is made. */
  readonly signal?: AbortSignal | undefined
  /** Whether this run records system metrics. @default as the tracker */
  readonly systemMetrics?: boolean | undefined
  /**
   * The trace this run is part of: OpenTelemetry's span context, or a W3C `traceparent`. Recorded as tags `millwright.trace_id` and
   * `millwright.span_id`.
   */
  readonly trace?: string | TraceContext | undefined
}

/** A place in a distributed trace: what `span.spanContext()` of OpenTelemetry gives fits. */
export interface TraceContext {
  /** 32 hexadecimal digits, not all zero. */
  readonly traceId: string
  /** 16 hexadecimal digits, not all zero. */
  readonly spanId?: string | undefined
}

/** Options of a run nested in another. */
export type ChildRunOptions = Omit<StartRunOptions, 'parent' | 'experiment'>
