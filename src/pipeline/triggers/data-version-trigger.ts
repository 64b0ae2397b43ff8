/** Fires when a data set has a new version. */
import { isMillwrightError } from '../../core/errors'
import { checkOptions, finiteNumber, nonEmptyString, ofType, requireOptions } from '../../core/options'
import { quietSleep, untilItWorks } from './timed'
import { assertTriggerName, type OverlapPolicy, type Trigger, triggerRules } from './trigger'

/** The facts of a version that the trigger reads; a `DatasetVersion` has them. */
export interface ObservedVersion {
  /** `flights@3` */
  readonly reference: string
  readonly version: number
  readonly digest: string
}

/** Options of {@link dataVersionTrigger}. */
export interface DataVersionTriggerOptions {
  /** @default 'data-version' */
  readonly name?: string | undefined
  /** What knows the versions; a `DatasetStore` does. */
  readonly store: { version(reference: string, options?: { readonly signal?: AbortSignal | undefined }): Promise<ObservedVersion> }
  /** The name of the data set, or a reference with a tag, such as `flights@production`, which fires when the tag moves. */
  readonly dataset: string
  /** Time between two looks, in milliseconds. @default 60000 */
  readonly everyMs?: number | undefined
  readonly overlap?: OverlapPolicy | undefined
}

/**
 * Fires when the newest version of a data set, or the one a tag points to, is another than before. The version at the first start does not fire;
 * those that came while no process was running fire once, for the newest. The input of the run is `{ reference, version, digest }`.
 *
 * @throws InvalidArgument
 */
export function dataVersionTrigger(options: DataVersionTriggerOptions): Trigger {
  requireOptions('dataVersionTrigger', options, ['store', 'dataset'])
  checkOptions('dataVersionTrigger', options, {
    ...triggerRules(),
    store: ofType('object'),
    dataset: nonEmptyString(),
    everyMs: finiteNumber(1),
  })
  const { name = 'data-version', store, dataset, everyMs = 60_000, overlap } = options
  assertTriggerName(name)
  return {
    name,
    kind: 'data-version',
    overlap,
    where: 'leader',
    async start(context) {
      const { clock, signal } = context
      const look = async (): Promise<void> => {
        const found = await newestVersion(store, dataset, signal)
        const seen = context.cursor()
        // '' is a data set without a version: its first one is new.
        const now = found?.digest === undefined ? '' : `${found.version} ${found.digest}`
        if (seen === now) return
        if (seen === undefined || found === undefined) await context.saveCursor(now)
        else {
          const { reference, version, digest } = found
          await context.fire({ key: now, cursor: now, reason: `${reference} is new`, input: { reference, version, digest } })
        }
      }
      while (!signal.aborted) {
        await untilItWorks(context, look)
        await quietSleep(clock, everyMs, signal)
      }
    },
  }
}

async function newestVersion(
  store: DataVersionTriggerOptions['store'],
  dataset: string,
  signal: AbortSignal,
): Promise<ObservedVersion | undefined> {
  try {
    return await store.version(dataset, { signal })
  } catch (error) {
    if (isMillwrightError(error, 'NotFound')) return undefined
    throw error
  }
}
