/** Runs a model before its first call, so that the first caller does not wait for what an engine does only once. */
import { type CancelSignal, throwIfAborted } from '../core/signal'
import type { LoadedModel } from '../ports/model'
import type { CellValue } from '../schema/column'
import { type ColumnSpec, isTensorSide } from '../schema/signature'
import type { Row } from '../schema/table'
import { createIssueLog, createRowReader, tableOfCells } from './input-check'

/** What a model is warmed up with. */
export interface WarmUpOptions {
  /** The row registered with the model. */
  readonly example: Row | undefined
  /** The batch sizes, in order. */
  readonly sizes: readonly number[]
  readonly signal: CancelSignal | undefined
}

/** Runs batches of one row. @throws what the model throws on its own example; its failure on a row of zeros says nothing and is ignored */
export async function warmUp(model: LoadedModel, { example, sizes, signal }: WarmUpOptions): Promise<void> {
  const { inputs } = model.signature
  if (sizes.length === 0 || inputs.length === 0 || isTensorSide(inputs)) return
  const columns = inputs as readonly ColumnSpec[]
  const log = createIssueLog()
  const [registered = []] = example === undefined ? [] : createRowReader(columns, { coerce: true })([example], log)
  const isRegistered = example !== undefined && log.count === 0
  const cells = isRegistered ? registered : columns.map(zeroOf)
  for (const size of new Set(sizes)) {
    throwIfAborted(signal)
    const rows = new Array<readonly CellValue[]>(size).fill(cells)
    try {
      await (model.runCells?.(rows) ?? model.run(tableOfCells(columns, rows)))
    } catch (error) {
      if (isRegistered) throw error
    }
  }
}

function zeroOf({ type, categories }: ColumnSpec): CellValue {
  if (type === 'string') return categories?.[0] ?? ''
  return type === 'boolean' ? false : 0
}
