/** The data: read, checked, divided, and kept as it was trained on. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  columnValuesToBeBetween,
  columnValuesToBeInSet,
  columnValuesToNotBeNull,
  type Dataset,
  expectations,
  readCsv,
  split,
  tableRowCountToBeBetween,
  toCsv,
  validate,
} from 'millwright'
import type { Config } from 'millwright/config'
import { TARGET } from './settings.js'

/** What must hold of the data before anything is learned from it. */
export const suite = expectations('penguins', [
  tableRowCountToBeBetween({ min: 300, max: 10_000 }),
  columnValuesToBeInSet(TARGET, ['Adelie', 'Chinstrap', 'Gentoo']),
  columnValuesToNotBeNull(TARGET),
  columnValuesToBeBetween('bill_length_mm', { min: 25, max: 70, mostly: 0.99 }),
  columnValuesToBeBetween('body_mass_g', { min: 2000, max: 7500, mostly: 0.99 }),
])

/** Training and test set. */
export interface Data {
  readonly train: Dataset
  readonly test: Dataset
}

/** Reads `penguins.csv` of the raw folder. @throws Error when it breaks an expectation */
export async function loadData({ data }: Config): Promise<Data> {
  const raw = await readCsv(join(data.raw_data_path, 'penguins.csv'))
  const checked = validate(raw, suite)
  if (!checked.success) throw new Error(`the data are not what they should be:\n${checked}`)
  return split(raw, { test: 1 - data.train_test_split, stratifyBy: TARGET, seed: 7 })
}

/** Writes both sets into the folder of processed data. */
export async function keepData({ data }: Config, { train, test }: Data): Promise<void> {
  await mkdir(data.processed_data_path, { recursive: true })
  await writeFile(join(data.processed_data_path, 'train.csv'), toCsv(train))
  await writeFile(join(data.processed_data_path, 'test.csv'), toCsv(test))
}
