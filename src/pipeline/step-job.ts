/** Runs one attempt of a step in a process other than the one that runs the pipeline. */
import type { Clock } from '../core/clock'
import { MillwrightError, show } from '../core/errors'
import type { OnProgress } from '../core/progress'
import { throwIfAborted } from '../core/signal'
import type { StepJobRef } from '../ports/executor'
import { contextOf, type Work } from './attempt'
import { unpackValue, valueCodec } from './codec'
import { inProcessExecutor } from './in-process-executor'
import { listOf } from './map-step'
import { type RunParams, runParams } from './params'
import type { StepResult } from './result'
import type { RunEnvironment, StepOutput } from './run-environment'
import { argumentsOf } from './run-graph'
import { refuseSecret } from './run-step'
import type { Secrets } from './secrets'
import type { StepSpec } from './step'
import { decodeOutput, encodeItems, encodeOutput, itemDigests, type StepStore } from './step-store'

/** What a worker process has of a pipeline. */
export interface Worker {
  readonly pipeline: string
  readonly specs: ReadonlyMap<string, StepSpec>
  readonly store: StepStore
  readonly secrets: Secrets
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly onLog: ((message: string) => void) | undefined
  readonly onProgress: OnProgress | undefined
}

/** Runs one attempt and stores its output. @throws what the step throws; NotFound for an unknown step, and for a value that is gone */
export async function runJob(worker: Worker, ref: StepJobRef): Promise<{ readonly digest: string }> {
  const spec = specOf(worker, ref.step)
  const { store, signal } = worker
  throwIfAborted(signal)
  const input = ref.input === undefined ? undefined : valueCodec().decode(await store.getValue(ref.input))
  const params = runParams(ref.pipeline, Object.fromEntries(Object.entries(ref.params).map(([name, value]) => [name, unpackValue(value)])))
  const environment = environmentOf(worker, { runId: ref.runId, seed: ref.seed, input, inputDigest: ref.input, params })
  const needed = await readOutputs(worker, spec, ref.inputs)
  const upstream = (ref.upstream ?? {}) as unknown as Readonly<Record<string, StepResult>>
  const work: Work = { spec, needed, upstream, args: argumentsOf(spec, needed, environment) }
  const placed = ref.index === undefined ? work : await workOfItem(worker, work, ref.inputs, ref.index)
  try {
    const value = await spec.run(contextOf(environment, placed, ref.attempt, signal))
    const bytes = await encodeOutput(worker.pipeline, spec, value)
    refuseSecret(environment, spec, bytes)
    return { digest: await store.putValue(bytes) }
  } catch (error) {
    throw worker.secrets.redactError(error)
  }
}

/** The spec of a step. @throws NotFound naming the steps that there are */
export function specOf({ pipeline, specs }: Pick<Worker, 'pipeline' | 'specs'>, step: string): StepSpec {
  const spec = specs.get(step)
  if (spec !== undefined) return spec
  throw new MillwrightError(
    'NotFound',
    `pipeline ${show(pipeline)} has no step ${show(step)}; it has ${[...specs.keys()].join(', ') || 'none'}`,
  )
}

/** The environment of one step that runs by itself. */
export function environmentOf(
  { pipeline, store, secrets, clock, onLog, onProgress }: Worker,
  run: {
    readonly runId: string
    readonly seed: number
    readonly input: unknown
    readonly inputDigest: string | undefined
    readonly params: RunParams
  },
): RunEnvironment {
  return {
    ...run,
    pipeline,
    store,
    secrets,
    clock,
    executor: inProcessExecutor(),
    previous: new Map(),
    ignoresCache: () => false,
    emit(type, event) {
      if (type === 'step-log' || type === 'step-warning') onLog?.((event as { readonly message: string }).message)
    },
    progress: (event) => onProgress?.(event),
  }
}

/** The outputs of these digests; the list of a map step is left to {@link workOfItem} unless its functions are given it. */
export async function readOutputs(
  { specs, store }: Pick<Worker, 'specs' | 'store'>,
  spec: StepSpec,
  digests: Readonly<Record<string, string>>,
  wholeList = false,
): Promise<Record<string, StepOutput>> {
  const needed: Record<string, StepOutput> = {}
  for (const [need, digest] of Object.entries(digests)) {
    if (need === spec.over && !spec.gets.includes(need) && !wholeList) continue
    const source = specs.get(need) as StepSpec
    const items = source.over === undefined ? undefined : itemDigests(await store.getValue(digest))
    needed[need] = { value: await decodeOutput(store, source, digest), digest, ...(items === undefined ? {} : { items }) }
  }
  return needed
}

/** The work of one item; of a map over a map only that item is read. */
export async function workOfItem(
  { pipeline, specs, store }: Pick<Worker, 'pipeline' | 'specs' | 'store'>,
  work: Work,
  digests: Readonly<Record<string, string>>,
  index: number,
): Promise<Work> {
  const { spec } = work
  const over = spec.over === undefined ? undefined : (specs.get(spec.over) as StepSpec)
  const digest = spec.over === undefined ? undefined : digests[spec.over]
  if (over === undefined || digest === undefined)
    throw new MillwrightError('InvalidState', `step ${show(spec.name)} of pipeline ${show(pipeline)} has no item ${index}`)
  const known = over.over === undefined ? undefined : itemDigests(await store.getValue(digest))
  const whole =
    known === undefined
      ? listOf(pipeline, { spec, needed: { [over.name]: { value: await decodeOutput(store, over, digest) } } })
      : undefined
  if (whole instanceof Error) throw whole
  const length = known?.length ?? whole?.length ?? 0
  if (index >= length) {
    throw new MillwrightError(
      'NotFound',
      `step ${show(spec.name)} of pipeline ${show(pipeline)} maps over ${length} items, there is no item ${index}`,
    )
  }
  const itemDigest = known?.[index]
  const item = itemDigest === undefined ? whole?.[index] : await decodeOutput(store, { ...over, over: undefined }, itemDigest)
  return { ...work, args: { ...work.args, item, index }, itemDigest }
}

/** Stores the list of the digests of a map step's items. */
export function putItems(store: StepStore, digests: readonly string[]): Promise<string> {
  return store.putValue(encodeItems(digests))
}
