/** Executes a map step: its function once for each item of a list. */
import { invalidArgument, show } from '../core/errors'
import { throwIfAborted } from '../core/signal'
import type { Work } from './attempt'
import { type ItemResult, itemResultOf } from './result'
import type { RunEnvironment, StepOutcome, StepOutput } from './run-environment'
import { conditionHolds, runStep } from './run-step'
import type { Slots } from './slots'
import { encodeItems } from './step-store'
import { stopReason } from './trigger'

/** What a map step needs besides its environment. */
export interface MapRun {
  readonly slots: Slots
  /** Its items wait for slots under these numbers: `order`, `order + 1`, …. */
  readonly order: number
  /** Whether the first failed item cancels the others. */
  readonly stopOnFailure: boolean
  /** Items that need not run again: index → result and output. */
  readonly restored: ReadonlyMap<number, { readonly result: ItemResult; readonly output: StepOutput }>
  /** Called with the result of each item as it ends. */
  readonly record: (index: number, result: ItemResult) => Promise<void>
}

interface DoneItem {
  readonly result: ItemResult
  readonly output?: StepOutput | undefined
  readonly error?: unknown
}

/** Runs the items of a map step. Errors of items become the outcome `failed`. @throws the signal's reason when cancelled; what the storage throws */
export async function runMapStep(environment: RunEnvironment, work: Work, outer: AbortSignal, run: MapRun): Promise<StepOutcome> {
  const { spec } = work
  const list = listOf(environment.pipeline, work)
  if (list instanceof Error) return { status: 'failed', attempts: 0, error: list }
  try {
    if (!(await conditionHolds(work, outer))) return { status: 'skipped', attempts: 0, reason: 'its condition does not hold' }
  } catch (error) {
    throwIfAborted(outer)
    return { status: 'failed', attempts: 0, error: environment.secrets.redactError(error) }
  }
  const controller = new AbortController()
  const onAbort = (): void => controller.abort(outer.reason)
  outer.addEventListener('abort', onAbort, { once: true })
  try {
    const own = spec.concurrency
    const done = new Array<DoneItem>(list.length)
    let next = 0
    let fatal: { readonly error: unknown } | undefined
    const lane = async (): Promise<void> => {
      while (next < list.length && fatal === undefined && !controller.signal.aborted) {
        const index = next++
        try {
          done[index] = await runItem(environment, itemWork(work, list, index), controller.signal, run)
          if (done[index].result.status === 'failed' && run.stopOnFailure) controller.abort(new Error('another item failed'))
        } catch (error) {
          if (!controller.signal.aborted) fatal ??= { error }
        }
      }
    }
    await Promise.all(Array.from({ length: Math.min(list.length, own ?? list.length) }, lane))
    if (fatal !== undefined && !outer.aborted) throw fatal.error
    return await outcomeOf(environment, work, list.length, done, outer)
  } finally {
    outer.removeEventListener('abort', onAbort)
  }
}

/** The list of a map step; an error when it is none. */
export function listOf(pipeline: string, { spec, needed }: Pick<Work, 'spec' | 'needed'>): readonly unknown[] | Error {
  const over = spec.over as string
  const value = needed[over]?.value
  if (Array.isArray(value)) return value
  if (ArrayBuffer.isView(value) && 'length' in value) return Array.from(value as unknown as ArrayLike<unknown>)
  return invalidArgument(
    `step ${show(spec.name)} of pipeline ${show(pipeline)} maps over the output of ${show(over)}, which must be an array, got ${show(value)}`,
  )
}

/** The work of one item. */
export function itemWork(work: Work, list: readonly unknown[], index: number): Work {
  const itemDigest = work.needed[work.spec.over as string]?.items?.[index]
  return { ...work, args: { ...work.args, item: list[index], index }, itemDigest }
}

async function runItem(environment: RunEnvironment, work: Work, signal: AbortSignal, run: MapRun): Promise<DoneItem> {
  const { pipeline, runId, clock } = environment
  const index = work.args.index as number
  const known = run.restored.get(index)
  if (known !== undefined) return known
  const release = await run.slots.acquire(run.order + index)
  try {
    throwIfAborted(signal)
    const startedAt = clock.now()
    const outcome = await runStep(environment, work, signal)
    const result = itemResultOf(outcome, startedAt, clock.now())
    await run.record(index, result)
    environment.emit('item-end', { pipeline, runId, step: work.spec.name, index, result })
    return { result, output: outcome.output, error: outcome.error }
  } finally {
    release()
  }
}

async function outcomeOf(
  environment: RunEnvironment,
  work: Work,
  length: number,
  done: readonly (DoneItem | undefined)[],
  signal: AbortSignal,
): Promise<StepOutcome> {
  const now = environment.clock.now()
  const reason = signal.aborted ? stopReason(signal) : 'another item failed'
  const cancelled = { status: 'cancelled', attempts: 0, startedAt: now, endedAt: now, durationMs: 0, reason } as const
  const items = Array.from({ length }, (_, index): ItemResult => done[index]?.result ?? cancelled)
  const itemOutputs = Array.from({ length }, (_, index) => done[index]?.output)
  const common = { attempts: items.reduce((sum, item) => sum + item.attempts, 0), items, itemOutputs }
  const failed = done.findIndex((item) => item?.result.status === 'failed')
  if (failed >= 0) {
    const count = items.filter((item) => item.status === 'failed').length
    return {
      ...common,
      status: 'failed',
      error: done[failed]?.error,
      reason: `${count} of ${length} items failed, the first is item ${failed}`,
    }
  }
  if (signal.aborted) return { ...common, status: 'cancelled', error: environment.secrets.redactError(signal.reason) }
  const digests = itemOutputs.map((output) => output?.digest)
  const known = environment.store !== undefined && digests.every((digest) => digest !== undefined)
  const digest = known ? await environment.store?.putValue(encodeItems(digests as readonly string[])) : undefined
  const output: StepOutput = { value: itemOutputs.map((each) => each?.value), digest, items: digests }
  return { ...common, status: statusOf(items), output, reason: reasonOf(work, items) }
}

function statusOf(items: readonly ItemResult[]): 'cached' | 'fallback' | 'succeeded' {
  if (items.some((item) => item.status === 'fallback')) return 'fallback'
  return items.length > 0 && items.every((item) => item.status === 'cached') ? 'cached' : 'succeeded'
}

function reasonOf({ spec }: Work, items: readonly ItemResult[]): string | undefined {
  if (!spec.cache || items.length === 0) return undefined
  const ran = items.flatMap((item, index) => (item.status === 'cached' ? [] : [{ index, reason: item.reason }]))
  if (ran.length === 0) return `all ${items.length} items: ${items[0]?.reason}`
  const [first] = ran
  return `${ran.length} of ${items.length} items ran; item ${first?.index}: ${first?.reason}`
}
