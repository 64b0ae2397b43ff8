/**
 * Parses a file in slices on several threads, with the result that one thread gives. Whatever the slices do not agree on is read again; where records
 * or cells do not fit, one thread parses everything, and finds the error.
 */
import { copyBytes } from '../../core/bytes'
import type { ProgressEvent } from '../../core/progress'
import { abortable, throwIfAborted, yieldToEventLoop } from '../../core/signal'
import { availableThreads, giveBack, type ProgramThread, takeThreads } from '../../core/threads'
import type { Dataset } from '../../dataset/dataset'
import { type CutSettings, cutNear, cutsOf } from './cuts'
import { buildersFor, type Head, readHead } from './head'
import { fillFromParts, type Job, makeAgree } from './join-parts'
import type { CsvPlan } from './options'
import { withReadings } from './parse'
import { rowScan } from './rows'
import { type ColumnPart, readSlice, type SliceColumn, type SliceParts, type SliceRequest } from './slice'
import { program } from './slice-program'

/** Sizes in bytes. */
export interface SliceSizes {
  /** Files of fewer bytes are parsed by one thread. */
  readonly minBytes: number
  /** The smallest and the largest slice. */
  readonly minSlice: number
  readonly maxSlice: number
  /** The types of the columns are guessed from so much, so that slices seldom have to be read again. */
  readonly sample: number
}

const usualSizes: SliceSizes = { minBytes: 1 << 20, minSlice: 1 << 19, maxSlice: 8 << 20, sample: 1 << 17 }

/** How to parse in slices. */
export interface SliceOptions {
  /** Threads beside the calling one; `true`: as many as the machine has cores for. */
  readonly workers: number | boolean
  readonly signal: AbortSignal | undefined
  readonly report: (event: ProgressEvent<'parse'>) => void
  /** For tests. */
  readonly sizes?: SliceSizes
}

/**
 * Parses a file in slices.
 *
 * @returns `undefined` where one thread must do it: small files, odd options or records, no threads
 * @throws the signal's reason; what is wrong with the header
 */
export async function parseInSlices(bytes: Uint8Array, plan: CsvPlan, options: SliceOptions): Promise<Dataset | undefined> {
  const { workers, signal, sizes = usualSizes } = options
  const numWorkers = workers === true ? Math.max(1, availableThreads() - 1) : Number(workers)
  if (program === undefined || numWorkers === 0 || bytes.length < sizes.minBytes || plan.pad || plan.limit < Number.POSITIVE_INFINITY) {
    return undefined
  }
  const head = readHead(bytes, plan)
  const sliceBytes = Math.min(sizes.maxSlice, Math.max(sizes.minSlice, Math.ceil(bytes.length / (numWorkers + 1) / 4)))
  const settings = { ...plan, delimiter: head.delimiter, fields: head.names.length }
  const cuts = head.names.length === 0 ? [] : cutsOf(bytes, settings, { start: head.position, sliceBytes })
  if (cuts.length < 3) return undefined
  const threads = takeThreads(program, Math.min(numWorkers, cuts.length - 2), 'millwright csv')
  try {
    return threads.length === 0 ? undefined : await parseWith(threads, { bytes, plan, head, settings, cuts, ...options })
  } catch (error) {
    if (signal?.aborted) throw error
    return undefined
  } finally {
    giveBack(program, threads)
  }
}

/** A file with what is known of it. */
interface CutFile extends SliceOptions {
  readonly bytes: Uint8Array
  readonly plan: CsvPlan
  readonly head: Head
  readonly settings: CutSettings
  readonly cuts: readonly number[]
}

async function parseWith(threads: readonly ProgramThread[], file: CutFile): Promise<Dataset | undefined> {
  const { bytes, plan, head, cuts } = file
  const builders = buildersFor(head.names, plan)
  const fresh = builders.map(({ name, field, forced, type }) => ({ name, field, forced, type }))
  const guessed = guessTypes(file, fresh)
  const slices = cuts.slice(1).map((_, i) => ({ slice: i, columns: i === 0 ? fresh : guessed }))
  const read = await readAll(threads, file, slices)
  const rows = read.map((parts) => parts.rows)
  const numRows = rows.reduce((sum, count) => sum + count, 0)
  if (numRows > plan.maxRows) return undefined
  const parts = read.map(({ columns }) => [...columns])
  await makeAgree(parts, fresh, (jobs) => readAll(threads, file, jobs))
  for (const [c, builder] of builders.entries()) {
    fillFromParts(builder, { parts: parts.map((columns) => columns[c] as ColumnPart), rows, numRows, missing: plan.missing })
  }
  const scan = rowScan(bytes, file.settings)
  const steps = withReadings(
    { plan, scan, rows: numRows, columns: head.names.length, position: head.position, fields: scan.columns },
    builders,
  )
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value.dataset
    throwIfAborted(file.signal)
    await yieldToEventLoop()
  }
}

/** The columns with the types that the first rows have. */
function guessTypes(file: CutFile, fresh: readonly SliceColumn[]): SliceColumn[] {
  const { sizes = usualSizes } = file
  const [from, end] = file.cuts as [number, number]
  const to = Math.min(end, cutNear(file.bytes, from + sizes.sample, file.settings) ?? end)
  const { columns } = readSlice(requestFor(file, file.bytes.subarray(from, to), fresh))
  return fresh.map((column, i) => ({ ...column, type: column.type ?? columns[i]?.type }))
}

/** Reads slices, here and on the threads. */
async function readAll(threads: readonly ProgramThread[], file: CutFile, jobs: readonly Job[]): Promise<SliceParts[]> {
  const parts: SliceParts[] = []
  let next = 0
  let done = file.head.position
  const work = async (read: (job: Job, bytes: Uint8Array) => Promise<SliceParts>): Promise<void> => {
    while (next < jobs.length) {
      throwIfAborted(file.signal)
      const index = next++
      const job = jobs[index] as Job
      const bytes = file.bytes.subarray(file.cuts[job.slice], file.cuts[job.slice + 1])
      try {
        parts[index] = await read(job, bytes)
      } catch (error) {
        next = jobs.length
        throw error
      }
      done += bytes.length
      if (done < file.bytes.length) file.report({ phase: 'parse', done, total: file.bytes.length, unit: 'bytes' })
    }
  }
  const here = () =>
    work(async ({ columns }, bytes) => {
      const read = readSlice(requestFor(file, bytes, columns))
      await yieldToEventLoop()
      return read
    })
  // Two slices a thread at a time: it goes on with the second while this one is busy.
  const there = [...threads, ...threads].map((thread) =>
    work(async ({ columns }, bytes) => {
      const own = copyBytes(bytes)
      return (await thread.ask(requestFor(file, own, columns), [own.buffer])) as SliceParts
    }),
  )
  await abortable(Promise.all([...there, here()]), file.signal)
  return parts
}

function requestFor({ plan, settings }: CutFile, bytes: Uint8Array, columns: readonly SliceColumn[]): SliceRequest {
  const { syntax: _syntax, logger: _logger, ...sent } = plan
  return { bytes, plan: sent, delimiter: settings.delimiter, fields: settings.fields, columns }
}
