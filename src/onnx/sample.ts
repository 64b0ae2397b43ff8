/** Rows to try a model on, made from what it has learned: values near its thresholds and means, its categories, unknown and missing cells. */
import { createRng, type Rng } from '../core/random'
import { treeSumOf } from '../learn/ensemble/tree-sum'
import type { FittedModel } from '../learn/fitted-model'
import type { CellValue } from '../schema/column'
import type { ColumnSpec } from '../schema/signature'
import { type Table, tableFromRows } from '../schema/table'

/** How many rows, and from which seed. */
export interface SampleOptions {
  readonly rows: number
  readonly seed: number
}

/** A table of the model's features; rows that the model refuses are left out. The same seed gives the same rows. */
export function sampleFor(fitted: FittedModel, { rows, seed }: SampleOptions): Table {
  const random = createRng(seed)
  const known = knownValues(fitted)
  const specs = fitted.features
  const made = Array.from({ length: rows }, () =>
    Object.fromEntries(specs.map((spec) => [spec.name, cellOf(spec, known.get(spec.name) ?? [], random)])),
  )
  const tableOf = (some: typeof made): Table =>
    tableFromRows(
      some,
      Object.fromEntries(specs.map(({ name, type }) => [name, type === 'int32' ? 'float64' : type])),
      specs.map(({ name }) => name),
    )
  return tableOf(made.filter((row) => isTaken(fitted, tableOf([row]))))
}

/** Whether a model answers: a linear model refuses missing values that no imputer has filled. */
function isTaken(fitted: FittedModel, row: Table): boolean {
  try {
    fitted.predict(row)
    return true
  } catch {
    return false
  }
}

function cellOf({ type, required, categories = [] }: ColumnSpec, known: readonly (number | string)[], random: Rng): CellValue {
  if (required === false && random.next() < 0.1) return null
  const pick = <T>(values: readonly T[]): T | undefined => values[Math.floor(random.next() * values.length)]
  if (type === 'boolean') return random.next() < 0.5
  if (type === 'string') {
    const texts = [...categories, ...known.map(String)]
    return random.next() < 0.1 ? 'a text of no row' : (pick(texts) ?? 'a text of no row')
  }
  // Between 1900 and 2100.
  if (type === 'timestamp') return Math.floor((random.next() * 200 - 70) * 365.2425 * 86_400_000)
  const near = Number(pick(known.filter((value) => typeof value === 'number')) ?? 0)
  if (!Number.isFinite(near)) return 0
  const spread = random.next() < 0.3 ? 0 : (random.next() - 0.5) * 2 * Math.max(1, Math.abs(near))
  return type === 'float64' ? near + spread : Math.max(-2147483648, Math.min(2147483647, Math.round(near + spread)))
}

/** Numbers and texts that a model's steps name, by feature: bin edges, means, categories. */
function knownValues({ parts, features }: FittedModel): Map<string, (number | string)[]> {
  const known = new Map<string, (number | string)[]>(features.map(({ name }) => [name, []]))
  for (const step of parts.transformers) collect(step.state(), undefined, known)
  const { matrixNames } = parts
  for (const [f, thresholds] of thresholdsOf(parts).entries()) known.get(matrixNames[f] as string)?.push(...thresholds)
  return known
}

/** Most thresholds of a feature that rows are made from. */
const MOST_THRESHOLDS = 1000

/** The first thresholds of each feature in the trees of a model. */
function thresholdsOf({ learner, matrixNames }: FittedModel['parts']): Set<number>[] {
  const thresholds = matrixNames.map(() => new Set<number>())
  for (const { feature, threshold } of treeSumOf(learner)?.trees ?? []) {
    feature.forEach((f, node) => {
      const own = thresholds[f]
      if (own !== undefined && own.size < MOST_THRESHOLDS) own.add(threshold[node] as number)
    })
  }
  return thresholds
}

/** Walks a stored state; an object with a `name` tells of that column. */
function collect(value: unknown, name: string | undefined, known: ReadonlyMap<string, (number | string)[]>): void {
  if (Array.isArray(value)) for (const item of value) collect(item, name, known)
  else if (typeof value === 'object' && value !== null) {
    const own = (value as { readonly name?: unknown }).name
    const column = typeof own === 'string' && known.has(own) ? own : name
    for (const [key, item] of Object.entries(value)) if (key !== 'name' && key !== 'kind') collect(item, column, known)
  } else if (name !== undefined && (typeof value === 'number' || typeof value === 'string')) known.get(name)?.push(value)
}
