/** Checks of the keys and values of metrics, params and tags: MLflow's limits, and names that can be file names on every system. */
import { invalidArgument, MillwrightError, show } from '../core/errors'
import { assertSafeSegment } from '../core/ids'
import type { RunBatch } from './tracker-backend'

/** MLflow's limits of lengths, in characters. */
export const runLimits = {
  key: 250,
  paramValue: 6000,
  tagValue: 8000,
  experimentName: 500,
  runName: 250,
  datasetName: 500,
  digest: 36,
  context: 500,
  sourceType: 36,
  source: 65_535,
  schema: 1_048_575,
  profile: 16_777_215,
} as const

/** The kinds of keys. */
export type RunKeyKind = 'metric' | 'param' | 'tag' | 'image'

/** The keys that a backend accepts: all keys that MLflow accepts (`mlflow`), or only those that can be file names on every system (`files`). */
export type RunKeyRule = 'mlflow' | 'files'

/** The characters of MLflow's keys. Its `\w` is Python's, which matches the letters and digits of every script. */
const keyAlphabet = /^[\p{L}\p{N}_.\-/ :]+$/u
const runIdShape = /^[A-Za-z0-9][A-Za-z0-9_-]{0,249}$/
const modelIdShape = /^m-[A-Za-z0-9]{1,64}$/
/** Folders of an experiment that are not runs. */
const reservedRunIds: readonly string[] = ['tags', 'datasets', 'traces', 'models', 'artifacts']

/**
 * Checks a key as MLflow does: 1 to 250 letters, digits, `_`, `-`, `.`, `:`, `/` and spaces; no part between slashes is empty, `.` or `..`, and it
 * does not begin with `..`. By the rule `files`, each part must also be usable as a file name on every system: no colon, no device name,
 * no dot or space at its end, at most 255 bytes.
 *
 * @param rule `keys` of the backend's capabilities. @default 'files'
 * @throws InvalidArgument
 */
export function assertRunKey(key: unknown, kind: RunKeyKind, rule: RunKeyRule = 'files'): asserts key is string {
  // MLflow counts code points. A string has at least half as many code points as its length.
  const isShort =
    typeof key === 'string' && (key.length <= runLimits.key || (key.length <= 2 * runLimits.key && [...key].length <= runLimits.key))
  if (!isShort || key === '') throw invalidArgument(`a ${kind} key must be a string of 1 to ${runLimits.key} characters, got ${show(key)}`)
  if (!keyAlphabet.test(key)) {
    throw invalidArgument(
      `a ${kind} key may only hold letters, digits, underscores, dashes, dots, colons, slashes and spaces, got ${show(key)}`,
    )
  }
  const parts = key.split('/')
  if (key.startsWith('..') || parts.some((part) => part === '' || part === '.' || part === '..')) {
    throw invalidArgument(`no part of a ${kind} key may be empty or a relative path, got ${show(key)}`)
  }
  if (rule === 'files')
    for (const part of parts) assertSafeSegment(part, `each part of a ${kind} key (this backend stores keys as file names)`)
}

/** Checks that a value is a well-formed string of at most `limit` characters. @throws InvalidArgument */
export function assertText(value: unknown, limit: number, subject: string): asserts value is string {
  if (typeof value !== 'string') throw invalidArgument(`${subject} must be a string, got ${show(value)}`)
  if (value.length > limit) throw invalidArgument(`${subject} must have at most ${limit} characters, got ${value.length}`)
  if (!value.isWellFormed()) throw invalidArgument(`${subject} must be well-formed Unicode, got a lone surrogate in ${show(value)}`)
}

/** Checks an experiment's name: any text of 1 to 500 characters. @throws InvalidArgument */
export function assertExperimentName(name: unknown): asserts name is string {
  assertText(name, runLimits.experimentName, 'an experiment name')
  if (name.trim() === '') throw invalidArgument(`an experiment name must not be empty, got ${show(name)}`)
}

/** Checks a run's name: any text of 1 to 250 characters. @throws InvalidArgument */
export function assertRunName(name: unknown): asserts name is string {
  assertText(name, runLimits.runName, 'a run name')
  if (name === '') throw invalidArgument('a run name must not be empty')
}

/** Checks a run id given by a caller. @throws InvalidArgument */
export function assertRunId(runId: unknown): asserts runId is string {
  if (typeof runId !== 'string' || !runIdShape.test(runId) || reservedRunIds.includes(runId)) {
    throw invalidArgument(`a run id must be 1 to 250 letters, digits, underscores and dashes, got ${show(runId)}`)
  }
  assertSafeSegment(runId, 'a run id')
}

/** Checks a logged-model id: `m-` and letters or digits. @throws InvalidArgument */
export function assertModelId(modelId: unknown): asserts modelId is string {
  if (typeof modelId !== 'string' || !modelIdShape.test(modelId)) {
    throw invalidArgument(`a model id must be m- and letters or digits, got ${show(modelId)}`)
  }
}

/** Checks a logged model's name: not empty, none of `/ : . % " '`. @throws InvalidArgument */
export function assertModelName(name: unknown): asserts name is string {
  assertText(name, runLimits.key, 'a model name')
  if (name.trim() === '' || /[/:.%"']/.test(name)) {
    throw invalidArgument(`a model name must not be empty and must hold none of / : . % " ', got ${show(name)}`)
  }
}

/** Checks the numbers of a metric point. @throws InvalidArgument */
export function assertPoint(key: string, value: unknown, step: unknown, timestamp: unknown): void {
  if (typeof value !== 'number') throw invalidArgument(`the value of metric ${show(key)} must be a number, got ${show(value)}`)
  if (!Number.isSafeInteger(step)) throw invalidArgument(`the step of metric ${show(key)} must be a whole number, got ${show(step)}`)
  if (!Number.isSafeInteger(timestamp) || (timestamp as number) < 0) {
    throw invalidArgument(`the timestamp of metric ${show(key)} must be whole epoch milliseconds ≥ 0, got ${show(timestamp)}`)
  }
}

/**
 * Checks all parts of a batch. A backend calls this before it stores anything.
 *
 * @param rule as in {@link assertRunKey}
 * @throws InvalidArgument
 */
export function assertBatch(batch: RunBatch, rule: RunKeyRule = 'files'): void {
  const checked = new Set<string>()
  for (const { key, value, step, timestamp } of batch.metrics ?? []) {
    if (!checked.has(key)) {
      assertRunKey(key, 'metric', rule)
      checked.add(key)
    }
    assertPoint(key, value, step, timestamp)
  }
  for (const [key, value] of Object.entries(batch.params ?? {})) {
    assertRunKey(key, 'param', rule)
    assertText(value, runLimits.paramValue, `the value of param ${show(key)}`)
  }
  for (const [key, value] of Object.entries(batch.tags ?? {})) {
    assertRunKey(key, 'tag', rule)
    assertText(value, runLimits.tagValue, `the value of tag ${show(key)}`)
  }
  for (const { name, digest, context = '', source, sourceType, schema = '', profile = '' } of batch.datasets ?? []) {
    assertText(name, runLimits.datasetName, 'a dataset name')
    assertText(digest, runLimits.digest, `the digest of dataset ${show(name)}`)
    const rest = { context, source, sourceType, schema, profile }
    for (const [part, text] of Object.entries(rest)) {
      assertText(text, runLimits[part as keyof typeof rest], `the ${part} of dataset ${show(name)}`)
    }
    if (name === '' || digest === '') throw invalidArgument(`a dataset needs a name and a digest, got ${show(name)} and ${show(digest)}`)
  }
  for (const modelId of batch.inputModels ?? []) assertModelId(modelId)
  for (const { modelId, step } of batch.outputModels ?? []) {
    assertModelId(modelId)
    if (!Number.isSafeInteger(step)) throw invalidArgument(`the step of model ${modelId} must be a whole number, got ${show(step)}`)
  }
}

/** The error of a param that already has another value. */
export function paramConflict(runId: string, key: string, held: string, given: string): MillwrightError {
  return new MillwrightError('Conflict', `param ${show(key)} of run ${runId} is ${show(held)} and cannot become ${show(given)}`, {
    details: { runId, key },
    hint: 'a param cannot be changed: use a tag for a value that changes, or a child run for another setting',
  })
}

/** Whether a batch only has tags. An ended run accepts only such batches. */
export function isOnlyTags({ metrics, params, datasets, inputModels, outputModels }: RunBatch): boolean {
  const isEmpty = (list: readonly unknown[] | undefined): boolean => list === undefined || list.length === 0
  return isEmpty(metrics) && isEmpty(datasets) && isEmpty(inputModels) && isEmpty(outputModels) && Object.keys(params ?? {}).length === 0
}
