/** The options of batch jobs over HTTP. */
import { invalidArgument, show } from '../../core/errors'
import { checkOptions, nonEmptyString, ofType, wholeNumber } from '../../core/options'
import type { ObjectStore } from '../../ports/object-store'

/** Options of batch jobs. */
export interface JobOptions {
  /** Where inputs, states and results are kept: `fsStorage({ root: './jobs' })`. */
  readonly storage: ObjectStore
  /** What the keys begin with. @default 'jobs' */
  readonly prefix?: string | undefined
  /** Most rows in a job. @default 1,000,000 */
  readonly maxRows?: number | undefined
  /** Most bytes in the body of a job. @default 256 MiB */
  readonly maxBodyBytes?: number | undefined
  /** Rows in one call of the model. @default 500 */
  readonly batchSize?: number | undefined
  /** Jobs that run at the same time. @default 1 */
  readonly concurrency?: number | undefined
  /** Most jobs that wait; one more gets a 503. @default 100 */
  readonly maxWaiting?: number | undefined
}

/** Job options with their defaults. */
export type JobSettings = { readonly [K in keyof JobOptions]-?: NonNullable<JobOptions[K]> }

/** @throws InvalidArgument */
export function resolveJobOptions(options: JobOptions): JobSettings {
  const whole = wholeNumber(1)
  checkOptions('`jobs` of createHandler', options, {
    storage: ofType('object'),
    prefix: nonEmptyString(),
    maxRows: whole,
    maxBodyBytes: whole,
    batchSize: whole,
    concurrency: whole,
    maxWaiting: whole,
  })
  if (typeof options.storage?.put !== 'function')
    throw invalidArgument(`\`storage\` of \`jobs\` must be an object store, got ${show(options.storage)}`)
  const {
    storage,
    prefix = 'jobs',
    maxRows = 1_000_000,
    maxBodyBytes = 256 * 1024 * 1024,
    batchSize = 500,
    concurrency = 1,
    maxWaiting = 100,
  } = options
  return { storage, prefix, maxRows, maxBodyBytes, batchSize, concurrency, maxWaiting }
}
