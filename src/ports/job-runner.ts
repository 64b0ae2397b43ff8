/** What a worker of an executor needs: who runs a job, how its error travels, how it is named. */
import { type ErrorJson, invalidArgument, isMillwrightError, MillwrightError, show } from '../core/errors'
import { sha256Hex } from '../core/hash'
import { canonicalJson } from '../core/json'
import type { ProgressEvent } from '../core/progress'
import type { StepJobRef } from './executor'

/** Runs the jobs of one pipeline in a worker; a `Pipeline` does. */
export interface JobRunner {
  /** The name of the pipeline. */
  readonly name: string
  /** Runs one attempt of a step and stores its output. @returns the digest of the output @throws what the step throws */
  runJob(ref: StepJobRef, options: JobRunnerOptions): Promise<{ readonly digest: string }>
}

/** Options of {@link JobRunner.runJob}. */
export interface JobRunnerOptions {
  readonly signal: AbortSignal
  readonly onLog: (message: string) => void
  readonly onProgress: (event: ProgressEvent) => void
}

/** Checks the pipelines that a worker is given, and gives them by name. @throws InvalidArgument */
export function runnersByName(subject: string, runners: readonly JobRunner[]): ReadonlyMap<string, JobRunner> {
  const isRunner = (value: unknown): boolean => typeof (value as JobRunner | null)?.runJob === 'function'
  if (!Array.isArray(runners) || runners.length === 0 || !runners.every(isRunner)) {
    throw invalidArgument(`${subject} takes a list of at least one pipeline, got ${show(runners)}`)
  }
  const named = new Map<string, JobRunner>()
  for (const runner of runners) {
    if (named.has(runner.name)) throw invalidArgument(`${subject} was given two pipelines named ${show(runner.name)}`)
    named.set(runner.name, runner)
  }
  return named
}

/** The runner of a job. @throws NotFound naming the pipelines that the worker has */
export function runnerOf(runners: ReadonlyMap<string, JobRunner>, ref: StepJobRef): JobRunner {
  const runner = runners.get(ref.pipeline)
  if (runner !== undefined) return runner
  throw new MillwrightError(
    'NotFound',
    `this worker has no pipeline ${show(ref.pipeline)}; it has ${[...runners.keys()].map(show).join(', ')}`,
  )
}

/** The error of a step as JSON, for `errorFromJson` in the process that runs the pipeline. Errors of others become `Internal`, with their name. */
export function jobErrorJson(error: unknown): ErrorJson {
  if (isMillwrightError(error) && typeof error.toJSON === 'function') return error.toJSON()
  const message = error instanceof Error ? error.message : show(error)
  const name = error instanceof Error ? error.name : 'Error'
  // What is no error of this library may go away when tried again, as in the process itself.
  return new MillwrightError('Internal', message, { details: { name } }).toJSON()
}

/** 40 hexadecimal digits that name an attempt and all it depends on: the same attempt has the same name, however often it is asked for. */
export function jobId(ref: StepJobRef): string {
  return sha256Hex(canonicalJson(ref)).slice(0, 40)
}
