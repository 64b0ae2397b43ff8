/** Applies a function to columns. */
import { invalidArgument, MillwrightError, show } from '../../core/errors'
import { arrayOf, checkOptions, nonEmptyString } from '../../core/options'
import { toFloat64 } from '../../schema/column'
import { assertTable, isTable, type Table, tableOf } from '../../schema/table'
import { corruptModel } from '../model-format'
import { paramsOf } from '../params'
import type { StateOf } from '../stored-parts'
import { columnsFor, type FittedTransformer, isNumeric, neededColumn, type Transformer } from '../transformer'
import { columnwise, floatColumn } from './columnwise'
import { type NumberFunction, numberFunctions } from './number-functions'

/**
 * A function that `functionTransformer` applies: it gets a table of its columns (never the target) and gives the columns that come in
 * their place, of as many rows. It must treat each row by itself and give the same names for every table.
 */
export type TableFunction = (table: Table) => Table

/** The functions a stored model may use, by the name that `functionTransformer` was given. */
export type TableFunctions = Readonly<Record<string, TableFunction>>

/** Options of {@link functionTransformer}. */
export interface FunctionTransformerOptions {
  /** The name a function of your own is stored and restored by. Without one, a model that uses it cannot be stored. */
  readonly name?: string | undefined
  /** The columns to apply it to. @default all numeric ones (not booleans, not timestamps) but the target */
  readonly columns?: readonly string[] | undefined
}

/**
 * A transformer that applies a function, as scikit-learn's `FunctionTransformer`: one of one number known by name (`'log1p'`, `'sqrt'`,
 * …), applied to every cell, or one of your own from table to table.
 *
 * A function is no data: of your own, only the `name` is stored, and who restores the model gives the function again:
 * `restoreModel(model, { functions: { perKilometre } })`, `learnRuntime({ functions })`.
 *
 * @throws InvalidArgument on unknown options, for a function that is not known, or a known one with a `name`
 *
 * @example
 * functionTransformer('log1p', { columns: ['income'] })
 */
export function functionTransformer(apply: NumberFunction | TableFunction, options: FunctionTransformerOptions = {}): Transformer {
  checkOptions('functionTransformer', options, { name: nonEmptyString(), columns: arrayOf(nonEmptyString()) })
  const { name, columns } = options
  if (typeof apply !== 'function') checkKnown(apply)
  if (typeof apply !== 'function' && name !== undefined) {
    throw invalidArgument(`\`name\` of functionTransformer goes with a function of your own, not with ${show(apply)}`)
  }
  return {
    kind: 'functionTransformer',
    options: paramsOf({ function: typeof apply === 'function' ? (name ?? 'unnamed') : apply, columns }),
    fit(table, fitOptions = {}) {
      assertTable(table, 'fit of functionTransformer')
      const names = columnsFor(table, columns, fitOptions, isNumeric).map((column) => column.name)
      if (typeof apply !== 'function') return fittedNumberFunction(apply, names)
      const fitted = fittedTableFunction(apply, { name, columns: names, outputs: [] })
      const outputs = fitted.outputsOf(table)
      return fittedTableFunction(apply, { name, columns: names, outputs })
    },
  }
}

/** The fitted transformer of a state. @throws NotFound when `functions` lacks the named one */
export function restoreFunctionTransformer(
  { function: known, name, columns, outputs = [] }: StateOf<'functionTransformer'>,
  functions: TableFunctions,
): FittedTransformer {
  if (name === undefined) {
    if (known === undefined) throw corruptModel('a functionTransformer without a function')
    return fittedNumberFunction(known as NumberFunction, columns)
  }
  const apply = Object.hasOwn(functions, name) ? functions[name] : undefined
  if (typeof apply === 'function') return fittedTableFunction(apply, { name, columns, outputs })
  const given = Object.keys(functions).map(show).join(', ')
  throw new MillwrightError(
    'NotFound',
    `the model applies a function ${show(name)}, which is not stored with it; given are ${given || 'none'}`,
    {
      hint: `restoreModel(model, { functions: { ${JSON.stringify(name)}: … } })`,
    },
  )
}

function fittedNumberFunction(name: NumberFunction, columns: readonly string[]): FittedTransformer {
  const apply: (x: number) => number = numberFunctions()[name]
  return columnwise({
    kind: 'functionTransformer',
    parts: columns.map((column) => ({ name: column })),
    needs: 'numbers',
    apply: (column) => [
      floatColumn(
        column.name,
        toFloat64(column).map((value) => apply(value)),
      ),
    ],
    state: () => ({ kind: 'functionTransformer', function: name, columns }),
  })
}

function fittedTableFunction(
  apply: TableFunction,
  {
    name,
    columns,
    outputs,
  }: { readonly name: string | undefined; readonly columns: readonly string[]; readonly outputs: readonly string[] },
): FittedTransformer & { outputsOf(table: Table): readonly string[] } {
  const made = (table: Table): Table => {
    const input = tableOf(columns.map((column) => neededColumn('functionTransformer', table, column)))
    const output: unknown = apply(input)
    if (!isTable(output)) {
      throw invalidArgument(`the function ${show(name ?? apply.name)} of functionTransformer must give a table, it gave ${show(output)}`)
    }
    if (output.columnNames.length > 0 && output.numRows !== table.numRows) {
      throw invalidArgument(
        `the function ${show(name ?? apply.name)} of functionTransformer gave ${output.numRows} rows for ${table.numRows}`,
      )
    }
    return output
  }
  return {
    kind: 'functionTransformer',
    inputs: columns,
    outputsOf: (table) => made(table).columnNames,
    transform(table) {
      assertTable(table, 'transform of functionTransformer')
      const output = made(table)
      if (output.columnNames.join('\n') !== outputs.join('\n')) {
        throw new MillwrightError(
          'SchemaMismatch',
          `the function ${show(name ?? apply.name)} of functionTransformer gave the columns ${output.columnNames.map(show).join(', ')}, in training ${outputs.map(show).join(', ')}`,
        )
      }
      const first = table.columnNames.find((column) => columns.includes(column))
      return tableOf(
        table.columnNames.flatMap((column) => {
          if (column === first) return outputs.map((result) => output.column(result))
          return columns.includes(column) ? [] : [table.column(column)]
        }),
      )
    },
    sourcesOf: (results) => results.flatMap((result) => (outputs.includes(result) ? [...columns] : [result])),
    state() {
      if (name !== undefined) return { kind: 'functionTransformer', name, columns, outputs }
      throw new MillwrightError('Unsupported', 'functionTransformer applies a function without a name, which cannot be stored', {
        hint: "give it one, and the same function to restoreModel: functionTransformer(perKilometre, { name: 'perKilometre' })",
      })
    },
  }
}

function checkKnown(name: unknown): void {
  const known = Object.keys(numberFunctions())
  if (typeof name === 'string' && known.includes(name)) return
  throw invalidArgument(`functionTransformer takes a function, or one of ${known.join(', ')}; got ${show(name)}`)
}
