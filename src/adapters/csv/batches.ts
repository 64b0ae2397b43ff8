/** CSV a batch of rows at a time: files of any size in the memory of a few megabytes. */
import { MillwrightError } from '../../core/errors'
import { progressReporter } from '../../core/progress'
import { throwIfAborted } from '../../core/signal'
import { concat } from '../../dataset/concat'
import type { Dataset } from '../../dataset/dataset'
import { chunksOfSource, type DataSource } from '../node/data-source'
import { toUtf8 } from './encoding'
import type { KnownFile } from './head'
import { type CsvPlan, planOf, type ReadCsvBatchesOptions } from './options'
import { type Block, parseSteps } from './parse'
import { lineOf } from './scan'

/** Bytes that are parsed at a time, behind the sample. */
const blockBytes = 4 << 20

/**
 * Reads CSV a batch of rows at a time, in bounded memory. Sources and options as in `readCsv`; every batch has the same columns and types.
 *
 * Delimiter, types and spellings of numbers and dates are found in the first 8 MB (`sampleBytes`), or said by `types`. A later cell that does not fit is an error
 * with its line: nothing is widened on the way. A column without any value in the sample is `float64`.
 *
 * @example for await (const batch of readCsvBatches('flights.csv.gz', { batchSize: 10_000 })) console.log(batch.numRows)
 * @throws what `readCsv` throws; SchemaMismatch for a cell that contradicts the sample; Unsupported for UTF-16 and ISO-2022-JP
 */
export async function* readCsvBatches(source: DataSource, options: ReadCsvBatchesOptions = {}): AsyncGenerator<Dataset> {
  const plan = planOf('readCsvBatches', options)
  const batchSize = options.batchSize ?? 65_536
  let held: Dataset[] = []
  let rows = 0
  for await (const part of blocksOf(source, plan, options)) {
    held.push(part)
    rows += part.numRows
    if (rows < batchSize) continue
    const all = held.length === 1 ? part : concat(held)
    let at = 0
    for (; rows - at >= batchSize; at += batchSize) yield all.slice(at, at + batchSize)
    held = at < rows ? [all.slice(at)] : []
    rows -= at
  }
  if (held.length > 0) yield held.length === 1 ? (held[0] as Dataset) : concat(held)
}

/** The file in datasets of as many rows as a few megabytes hold. */
async function* blocksOf(source: DataSource, plan: CsvPlan, options: ReadCsvBatchesOptions): AsyncGenerator<Dataset> {
  const { signal, onProgress, sampleBytes = 2 * blockBytes } = options
  const report = progressReporter(onProgress)
  const chunks = chunksOfSource(source, {
    operation: plan.operation,
    maxBytes: Number.MAX_SAFE_INTEGER,
    signal,
    onBytes: (done, total) => report({ phase: 'read', done, total, unit: 'bytes' }),
  })
  let known: KnownFile | undefined
  let linesBefore = 0
  // Bytes of a line that has not ended, as they are in the file; and records that have not ended, in UTF-8.
  let line: Uint8Array = new Uint8Array(0)
  let rest: Uint8Array = new Uint8Array(0)
  let parts: Uint8Array[] = []
  let waiting = 0
  const parse = (isLast: boolean): Dataset | undefined => {
    const bytes = joined([line, ...parts])
    parts = []
    waiting = 0
    const end = isLast ? bytes.length : lineEnd(bytes)
    line = bytes.subarray(end)
    if (line.length > plan.maxCellLength + sampleBytes) throw tooLong(plan)
    if (end === 0 && !isLast) return undefined
    const text = joined([rest, utf8Part(bytes.subarray(0, end), options.encoding, { plan, isFirst: known === undefined })])
    const block: Block = { isLast, known, consumed: 0 }
    const data = parsed(text, { ...plan, linesBefore }, block)
    if (known === undefined && data.numRows === 0 && !isLast) {
      // A header alone says nothing about types.
      rest = text
      return undefined
    }
    known = block.known
    linesBefore += lineOf(text, block.consumed) - 1
    rest = text.slice(block.consumed)
    return data
  }
  let wasGiven = false
  for await (const chunk of chunks) {
    throwIfAborted(signal)
    parts.push(chunk)
    waiting += chunk.length
    if (line.length + waiting < (known === undefined ? sampleBytes : Math.min(blockBytes, sampleBytes))) continue
    const data = parse(false)
    if (data === undefined || data.numRows === 0) continue
    wasGiven = true
    yield data
  }
  const last = wasGiven && line.length + rest.length + waiting === 0 ? undefined : parse(true)
  // A file without rows gives one batch, which has its columns.
  if (last !== undefined && (last.numRows > 0 || !wasGiven)) yield last
}

function parsed(text: Uint8Array, plan: CsvPlan, block: Block): Dataset {
  const steps = parseSteps(text, plan, block)
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
  }
}

/** Where the last line ends; 0 when there is none. */
function lineEnd(bytes: Uint8Array): number {
  const feed = bytes.lastIndexOf(10) + 1
  // A carriage return at the very end may be half of a pair.
  return feed > 0 ? feed : bytes.lastIndexOf(13, bytes.length - 2) + 1
}

function utf8Part(bytes: Uint8Array, encoding: string | undefined, { plan, isFirst }: { plan: CsvPlan; isFirst: boolean }): Uint8Array {
  const isUtf16 = isFirst && ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff))
  if (isUtf16 || /^(?:utf-?16|unicode|csunicode|ucs-2|iso-10646|iso-2022|csiso2022)/i.test(encoding ?? '')) {
    throw new MillwrightError('Unsupported', `${plan.operation} cannot read ${isUtf16 ? 'UTF-16' : encoding} in batches`, {
      hint: 'readCsv reads it whole; or convert the file to UTF-8',
    })
  }
  return toUtf8(bytes, encoding, plan.operation)
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const filled = parts.filter(({ length }) => length > 0)
  if (filled.length === 1) return (filled[0] as Uint8Array).slice()
  const bytes = new Uint8Array(filled.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of filled) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

function tooLong(plan: CsvPlan): MillwrightError {
  return new MillwrightError(
    'Corrupt',
    `${plan.operation}: a line is longer than the limit of a cell, ${plan.maxCellLength} bytes (\`maxCellLength\`)`,
  )
}
