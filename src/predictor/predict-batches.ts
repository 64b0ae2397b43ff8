/** Answers more rows than fit in one call: a table, or a stream of rows, batch by batch. */
import { invalidArgument, show } from '../core/errors'
import { checkOptions, finiteNumber, ofType, wholeNumber } from '../core/options'
import { type OnProgress, progressReporter } from '../core/progress'
import { chunksOf } from '../core/read-bytes'
import { throwIfAborted } from '../core/signal'
import { sliceColumn } from '../schema/column'
import { isTable, type Row, type Table, tableOf } from '../schema/table'
import type { Prediction, PredictOptions } from './prediction'
import type { PredictedLabel } from './servable'

/** Rows one by one, in lists, or in tables. */
export type RowChunk = Row | readonly Row[] | Table

/** Where `predictBatches` takes rows from: a table (`Dataset`), a list of rows, or a stream of rows, lists of rows, or tables. */
export type RowSource = Table | Iterable<Row> | AsyncIterable<RowChunk> | ReadableStream<RowChunk>

/** Options of {@link predictBatches}. */
export interface PredictBatchesOptions {
  /** Rows in a batch. @default 100 */
  readonly size?: number | undefined
  /** Batches under way at the same time. At most so many are held in memory, with their answers. @default 4 */
  readonly concurrency?: number | undefined
  /** Longest time for one batch, in milliseconds. @default that of the predictor */
  readonly deadlineMs?: number | undefined
  /** Reports answered rows; the total is known for a table and a list. */
  readonly onProgress?: OnProgress<'predict'> | undefined
  readonly signal?: AbortSignal | undefined
}

/** The answers to some rows. */
export interface PredictedBatch<Label extends PredictedLabel = PredictedLabel> {
  /** The number of rows before it. */
  readonly offset: number
  /** The rows that were answered. */
  readonly rows: readonly Row[] | Table
  /** One for each row, in order. */
  readonly predictions: readonly Prediction<Label>[]
}

/** What answers the batches: a predictor. */
export interface BatchPredictor<Label extends PredictedLabel = PredictedLabel> {
  predict(input: readonly Row[] | Table, options?: PredictOptions): Promise<Prediction<Label>[]>
}

/**
 * Answers every row of a table or stream, in order, a batch at a time. Reads ahead no further than `concurrency` batches. The first failure ends it, and
 * the source is closed; the batches before it have been given.
 *
 * @example
 * for await (const { offset, predictions } of predictBatches(predictor, flights)) console.log(offset, predictions.length)
 * @throws InvalidArgument for what is no source of rows; what `predict` throws; the signal's reason
 */
export async function* predictBatches<Label extends PredictedLabel = PredictedLabel>(
  predictor: BatchPredictor<Label>,
  source: RowSource,
  options: PredictBatchesOptions = {},
): AsyncGenerator<PredictedBatch<Label>, void, undefined> {
  checkOptions('predictBatches', options, {
    size: wholeNumber(1),
    concurrency: wholeNumber(1, 1024),
    deadlineMs: finiteNumber(0),
    onProgress: ofType('function'),
    signal: ofType('object'),
  })
  const { size = 100, concurrency = 4, deadlineMs, signal } = options
  if (typeof predictor?.predict !== 'function') throw invalidArgument(`predictBatches needs a predictor, got ${show(predictor)}`)
  const total = isTable(source) ? source.numRows : Array.isArray(source) ? source.length : undefined
  const report = progressReporter(options.onProgress)
  const call: PredictOptions = { ...(signal === undefined ? {} : { signal }), ...(deadlineMs === undefined ? {} : { deadlineMs }) }
  const batches = batchesOf(source, size, signal)
  const underWay: { readonly rows: readonly Row[] | Table; readonly answers: Promise<Prediction<Label>[]> }[] = []
  let [offset, isAtEnd] = [0, false]
  try {
    for (;;) {
      throwIfAborted(signal)
      while (!isAtEnd && underWay.length < concurrency) {
        const next = await batches.next()
        if (next.done) isAtEnd = true
        else {
          const answers = predictor.predict(next.value, call)
          // It is awaited later, after those before it.
          answers.catch(() => {})
          underWay.push({ rows: next.value, answers })
        }
      }
      const first = underWay.shift()
      if (first === undefined) break
      const predictions = await first.answers
      yield { offset, rows: first.rows, predictions }
      offset += predictions.length
      report({ phase: 'predict', done: offset, total, unit: 'rows' })
    }
    if (total === undefined) report({ phase: 'predict', done: offset, total: offset, unit: 'rows' })
  } finally {
    await batches.return(undefined)
  }
}

/** The rows of a source in batches: all of `size` rows but the last, and smaller ones where a table of a stream ends. */
async function* batchesOf(
  source: RowSource,
  size: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<readonly Row[] | Table, void, undefined> {
  if (isTable(source)) return yield* slices(source, size)
  let rows: Row[] = []
  for await (const chunk of chunksFrom(source, signal)) {
    if (isTable(chunk)) {
      if (rows.length > 0) yield rows
      rows = []
      yield* slices(chunk, size)
      continue
    }
    for (const row of Array.isArray(chunk) ? (chunk as readonly Row[]) : [chunk as Row]) {
      rows.push(row)
      if (rows.length < size) continue
      yield rows
      rows = []
    }
  }
  if (rows.length > 0) yield rows
}

function* slices(table: Table, size: number): Generator<Table, void, undefined> {
  const columns = table.columnNames.map((name) => table.column(name))
  for (let from = 0; from < table.numRows; from += size) {
    yield tableOf(columns.map((column) => sliceColumn(column, from, Math.min(table.numRows, from + size))))
  }
}

function chunksFrom(source: Exclude<RowSource, Table>, signal: AbortSignal | undefined): AsyncIterable<RowChunk> | Iterable<RowChunk> {
  const { getReader } = (source ?? {}) as Partial<ReadableStream<RowChunk>>
  if (typeof getReader === 'function') return chunksOf(source as ReadableStream<RowChunk>, signal)
  const isIterable = typeof source === 'object' && source !== null && (Symbol.asyncIterator in source || Symbol.iterator in source)
  if (isIterable) return source as AsyncIterable<RowChunk>
  throw invalidArgument(`predictBatches needs a table, rows, or a stream of rows, got ${show(source)}`)
}
