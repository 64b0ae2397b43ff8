/** Encodes tables, for steps whose output is a table. */
import { MillwrightError } from '../core/errors'
import { type ColumnInit, columnInit, makeColumn } from '../schema/column'
import { type Table, tableOf } from '../schema/table'
import { type Codec, valueCodec } from './codec'

/**
 * A codec for tables: columns with their types, dictionaries and missing values, exact to the bit.
 *
 * @param wrap converts the decoded table to the type of the step's output, for example to a `Dataset`. Default: the plain table.
 *
 * @example
 * new Pipeline('daily').step('load', loadFlights, { cache: true, codec: tableCodec((table) => Dataset.fromTable(table)) })
 */
export function tableCodec<T extends Table = Table>(wrap?: (table: Table) => T): Codec<T> {
  const values = valueCodec()
  return {
    encode: (table) => values.encode(table.columnNames.map((name) => ({ name, ...columnInit(table.column(name)) }))),
    async decode(bytes) {
      const columns = await values.decode(bytes)
      const table = storedTable(columns)
      return wrap === undefined ? (table as T) : wrap(table)
    },
  }
}

function storedTable(columns: unknown): Table {
  try {
    return tableOf(
      (columns as readonly (ColumnInit & { readonly name: string })[]).map(({ name, ...init }) => makeColumn(name, init as ColumnInit)),
    )
  } catch (cause) {
    throw new MillwrightError('Corrupt', 'a stored table cannot be read', { cause })
  }
}
