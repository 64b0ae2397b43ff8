/** The golden files of XGBoost and LightGBM, and small files made by hand. */
import { readFileSync } from 'node:fs'
import { fromLightgbm } from '../../../../src/adapters/lightgbm'
import { fromXgboost } from '../../../../src/adapters/xgboost'
import type { FittedModel } from '../../../../src/learn'
import { type Table, tableFromRows } from '../../../../src/schema/table'

/** A golden model with its answers. */
export interface GoldenModel {
  readonly name: string
  readonly json: string
  /** In base 64. */
  readonly ubj: string
  readonly text: string
  readonly columns: readonly string[]
  readonly rows: readonly (readonly (number | string | null)[])[]
  readonly answers: readonly number[]
}

const golden = JSON.parse(readFileSync('test/golden/trees.json', 'utf8')) as {
  readonly models: { readonly xgboost: readonly GoldenModel[]; readonly lightgbm: readonly GoldenModel[] }
}

/** XGBoost's models. */
export const ofXgboost = golden.models.xgboost

/** LightGBM's models. */
export const ofLightgbm = golden.models.lightgbm

/** The golden model of this name. */
export function goldenOf(models: readonly GoldenModel[], name: string): GoldenModel {
  const found = models.find((model) => model.name === name)
  if (found === undefined) throw new Error(`no golden model ${name}`)
  return found
}

/** All golden models, read. */
export function everyModel(): readonly { readonly name: string; readonly fitted: FittedModel; readonly golden: GoldenModel }[] {
  return [
    ...ofXgboost.map((model) => ({ name: `XGBoost: ${model.name}`, fitted: fromXgboost(model.json), golden: model })),
    ...ofLightgbm.map((model) => ({ name: `LightGBM: ${model.name}`, fitted: fromLightgbm(model.text), golden: model })),
  ]
}

/** The bytes of a UBJSON file. */
export function ubjOf({ ubj }: GoldenModel): Uint8Array {
  return new Uint8Array(Buffer.from(ubj, 'base64'))
}

/** The rows of a golden model as a table. */
export function tableFor(fitted: FittedModel, { rows, columns }: GoldenModel): Table {
  const types = Object.fromEntries(fitted.features.map(({ name, type }) => [name, type]))
  return tableFromRows(
    rows.map((row) => Object.fromEntries(columns.map((name, i) => [name, row[i] ?? null]))),
    types,
    columns,
  )
}

/** What a model answers, as the library gives it. */
export function answersOf(fitted: FittedModel, table: Table): number[] {
  if (fitted.task === 'regression') return fitted.predict(table) as number[]
  const { classes, values } = fitted.predictProba(table)
  return classes.length === 2 ? [...values].filter((_, at) => at % 2 === 1) : [...values]
}
