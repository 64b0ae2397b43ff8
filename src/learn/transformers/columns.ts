/** Routes columns to transformers. */
import { invalidArgument, MillwrightError, show } from '../../core/errors'
import { anything, checkOptions, nonEmptyString, ofType } from '../../core/options'
import { type Column, renameColumn } from '../../schema/column'
import { assertTable, type Table, tableOf } from '../../schema/table'
import type { Params } from '../params'
import {
  type FitTransformed,
  type FittedTransformer,
  fitTransform,
  neededColumn,
  type Transformer,
  type TransformerFitOptions,
  type TransformerState,
} from '../transformer'
import { type ColumnSelector, checkSelector, selectedNames, selectorText } from './selector'

/** What becomes of routed columns: a transformer, several one after the other, or none. */
export type ColumnSteps = Transformer | readonly Transformer[] | 'passthrough' | 'drop'

/** One route of {@link columns}. */
export interface ColumnRoute {
  /** For the names of outputs with `verboseFeatureNamesOut`. @default the kind of its last transformer, numbered where it repeats */
  readonly name?: string | undefined
  /** Which columns: names, a kind, a pattern or a function. A column may go several ways. */
  readonly columns: ColumnSelector
  readonly transformer: ColumnSteps
}

/** Options of {@link columns}. */
export interface ColumnsOptions {
  /** What becomes of the columns that no route names. @default 'drop', as in scikit-learn */
  readonly remainder?: ColumnSteps | undefined
  /** Put the name of the route before each output: `scale__age`. @default false; in scikit-learn true */
  readonly verboseFeatureNamesOut?: boolean | undefined
}

/** A route once fitted. */
export interface FittedRoute {
  readonly name: string
  /** The columns that go this way. */
  readonly columns: readonly string[]
  readonly steps: readonly FittedTransformer[]
  /** What is put before the names of its outputs. */
  readonly prefix: string
}

interface Route {
  readonly name: string
  /** None for the remainder. */
  readonly selector?: ColumnSelector | undefined
  readonly steps: readonly Transformer[]
  readonly dropped: boolean
}

/**
 * A transformer that routes columns to transformers, as scikit-learn's `ColumnTransformer`. The result holds the outputs of each route in
 * order, then the remainder, then the target. Within a route a transformer works on every column that arrives, of whatever kind, unless
 * its own `columns` say otherwise.
 *
 * @throws InvalidArgument on unknown options; on fit, NotFound for a named column that the table lacks, InvalidArgument when two outputs have one name
 *
 * @example
 * columns([
 *   { columns: 'numeric', transformer: [simpleImputer({ strategy: 'median' }), standardScaler()] },
 *   { columns: ['island'], transformer: oneHotEncoder() },
 * ], { remainder: 'passthrough' })
 */
export function columns(routes: readonly ColumnRoute[], options: ColumnsOptions = {}): Transformer {
  checkOptions('columns', options, { remainder: anything(), verboseFeatureNamesOut: ofType('boolean') })
  const { remainder = 'drop', verboseFeatureNamesOut = false } = options
  const all = routesOf(routes, remainder)
  const learn = (table: Table, fitOptions: TransformerFitOptions): FitTransformed => {
    assertTable(table, 'fit of columns')
    const { target, task } = fitOptions
    const taken = new Set<string>()
    const made = all.flatMap(({ name, selector, steps, dropped }) => {
      const names =
        selector === undefined
          ? table.columnNames.filter((column) => column !== target && !taken.has(column))
          : selectedNames(table, selector, target)
      for (const column of names) taken.add(column)
      if (dropped || names.length === 0) return []
      let part = partOf(table, names, target)
      const fitted = steps.map((step) => {
        const arrived = part.columnNames.filter((column) => column !== target)
        const done = fitTransform(step, part, { target, task, columns: arrived })
        part = done.table
        return done.fitted
      })
      return [{ route: { name, columns: names, steps: fitted, prefix: verboseFeatureNamesOut ? `${name}__` : '' }, part }]
    })
    const routed = made.map(({ route }) => route)
    return { fitted: fittedColumns(routed, target), table: together(made, table, target) }
  }
  return {
    kind: 'columns',
    options: columnsParams(all, verboseFeatureNamesOut),
    fit: (table, fitOptions = {}) => learn(table, fitOptions).fitted,
    fitTransform: (table, fitOptions = {}) => learn(table, fitOptions),
  }
}

/** The fitted transformer of fitted routes. */
export function fittedColumns(routes: readonly FittedRoute[], target: string | undefined): FittedTransformer {
  const inputs = [...new Set(routes.flatMap((route) => route.columns))]
  return {
    kind: 'columns',
    inputs,
    transform(table) {
      assertTable(table, 'transform of columns')
      for (const name of inputs) neededColumn('columns', table, name)
      const made = routes.map((route) => ({
        route,
        part: route.steps.reduce((part, step) => step.transform(part), partOf(table, route.columns, undefined)),
      }))
      return together(made, table, target)
    },
    // Which columns a route's outputs are made of is not traced further than the route.
    sourcesOf: () => inputs,
    state: (): TransformerState => ({
      kind: 'columns',
      routes: routes.map(({ name, columns: names, steps, prefix }) => ({
        name,
        columns: names,
        steps: steps.map((step) => step.state()),
        prefix,
      })),
      ...(target === undefined ? {} : { target }),
    }),
  }
}

/** The columns of a route, and the target where there is one to learn from. */
function partOf(table: Table, names: readonly string[], target: string | undefined): Table {
  const labels = target !== undefined && table.columnNames.includes(target) ? [table.column(target)] : []
  return tableOf([...names.map((name) => table.column(name)), ...labels])
}

/** The outputs of all routes side by side, and the target. */
function together(made: readonly { readonly route: FittedRoute; readonly part: Table }[], table: Table, target: string | undefined): Table {
  const owners = new Map<string, string>()
  const results = made.flatMap(({ route, part }) =>
    part.columnNames
      .filter((name) => name !== target)
      .map((name): Column => {
        const output = `${route.prefix}${name}`
        const owner = owners.get(output)
        if (owner !== undefined || output === target) {
          throw new MillwrightError(
            'InvalidArgument',
            `columns: ${show(owner ?? 'the target')} and ${show(route.name)} both give a column ${show(output)}`,
            {
              hint: 'verboseFeatureNamesOut: true puts the name of the route before each',
            },
          )
        }
        owners.set(output, route.name)
        return route.prefix === '' ? part.column(name) : renameColumn(part.column(name), output)
      }),
  )
  const labels = target !== undefined && table.columnNames.includes(target) ? [table.column(target)] : []
  return tableOf([...results, ...labels])
}

function routesOf(routes: unknown, remainder: unknown): Route[] {
  if (!Array.isArray(routes) || routes.length === 0) throw invalidArgument(`columns takes a list of routes, got ${show(routes)}`)
  const seen = new Map<string, number>()
  const all = routes.map((route: unknown, i): Route => {
    checkOptions(`route ${i} of columns`, route ?? null, { name: nonEmptyString(), columns: anything(), transformer: anything() })
    const { name, columns: selector, transformer } = route as ColumnRoute
    checkSelector(`\`columns\` of route ${i} of columns`, selector)
    const steps = stepsOf(`route ${i} of columns`, transformer)
    const base = name ?? steps.at(-1)?.kind ?? String(transformer)
    const count = (seen.get(base) ?? 0) + 1
    seen.set(base, count)
    if (name !== undefined && count > 1) throw invalidArgument(`two routes of columns have the name ${show(name)}`)
    return { name: count === 1 ? base : `${base}${count}`, selector, steps, dropped: transformer === 'drop' }
  })
  return [...all, { name: 'remainder', steps: stepsOf('the remainder of columns', remainder), dropped: remainder === 'drop' }]
}

function stepsOf(subject: string, steps: unknown): readonly Transformer[] {
  if (steps === 'passthrough' || steps === 'drop') return []
  const list: readonly unknown[] = Array.isArray(steps) ? steps : [steps]
  const isTransformer = (step: unknown) =>
    typeof step === 'object' && step !== null && typeof (step as Partial<Transformer>).fit === 'function' && !('learner' in step)
  if (list.length > 0 && list.every(isTransformer)) return list as readonly Transformer[]
  throw invalidArgument(`${subject} needs a transformer, a list of them, 'passthrough' or 'drop', got ${show(steps)}`)
}

/** Each route's selector and the options of its transformers, flat. */
function columnsParams(routes: readonly Route[], verboseFeatureNamesOut: boolean): Params {
  const params: Record<string, string | number | boolean> = { verboseFeatureNamesOut }
  for (const { name, selector, steps, dropped } of routes) {
    if (selector !== undefined) params[`${name}.columns`] = selectorText(selector)
    params[name] = dropped ? 'drop' : steps.map(({ kind }) => kind).join(',') || 'passthrough'
    steps.forEach(({ kind, options }, i) => {
      const step = steps.slice(0, i).some((before) => before.kind === kind) ? `${kind}${i + 1}` : kind
      for (const [option, value] of Object.entries(options)) params[`${name}.${step}.${option}`] = value
    })
  }
  return params
}
