/** Step 1: the data, from the file to checked, versioned training and test sets, and the months that follow. */
import {
  columnValuesToBeBetween,
  columnValuesToBeInSet,
  columnValuesToBeUnique,
  columnValuesToNotBeNull,
  type Dataset,
  expectations,
  filter,
  fingerprint,
  join,
  MillwrightError,
  type ObjectStore,
  readCsv,
  select,
  split,
  tableRowCountToBeBetween,
  toCsv,
  validate,
  withColumn,
} from 'millwright'
import { DAY, type Settings, story } from './settings'

/** What the model predicts from. `demand_24h_ago` has gaps: hours without a record are not in the data. */
export const features = ['hr', 'weekday', 'workingday', 'holiday', 'weathersit', 'temp', 'atemp', 'hum', 'windspeed', 'demand_24h_ago']

/** Everything the story works on. */
export type BikeData = Awaited<ReturnType<typeof loadBikes>>

/** Loads the year, adds the target and the feature of yesterday, checks it, and divides it by time. */
export async function loadBikes(settings: Settings) {
  const raw = await readCsv(settings.csvPath)
  const missing = ['timestamp', 'bikers', ...features.slice(0, -1)].filter((name) => !raw.has(name))
  if (missing.length > 0) throw new MillwrightError('SchemaMismatch', `${settings.csvPath} has no column ${missing.join(', ')}`)
  const all = withTarget(withYesterday(raw))
  const validation = validate(all, suite())
  const first = select(
    filter(all, (row) => (row.timestamp as number) < story.streamFrom),
    ['timestamp', ...features, story.target],
  )
  const { train, test } = split(first, { test: 1 - settings.config.data.train_test_split, timeColumn: 'timestamp' })
  const following = filter(all, (row) => (row.timestamp as number) >= story.streamFrom)
  return { all, first, train, test, following, validation, digest: fingerprint(first) }
}

/** Demand 24 hours earlier, joined on the hour; missing where that hour is not in the data. */
function withYesterday(raw: Dataset): Dataset {
  const next = withColumn(raw, 'timestamp', (row) => (row.timestamp as number) + DAY, { type: 'timestamp' })
  const yesterday = withColumn(select(next, ['timestamp']), 'demand_24h_ago', raw.column('bikers'))
  return join(raw, yesterday, { on: 'timestamp', how: 'left' })
}

function withTarget(data: Dataset): Dataset {
  return withColumn(data, story.target, (row) => (row.bikers as number) > story.busyAbove, { type: 'boolean' })
}

/** What must hold of the data before anything is learned from it. */
function suite() {
  return expectations('bikes', [
    tableRowCountToBeBetween({ min: 8000, max: 8784 }),
    columnValuesToNotBeNull('timestamp'),
    columnValuesToBeUnique('timestamp'),
    columnValuesToBeBetween('hr', { min: 0, max: 23 }),
    columnValuesToBeInSet('weathersit', ['clear', 'cloudy/misty', 'light rain/snow', 'heavy rain/snow']),
    columnValuesToBeBetween('temp', { min: 0, max: 1 }),
    columnValuesToBeBetween('hum', { min: 0.05, max: 1, mostly: 0.99 }),
    columnValuesToBeBetween('bikers', { min: 1, max: 1000 }),
    columnValuesToNotBeNull('demand_24h_ago', { mostly: 0.98 }),
  ])
}

/** Keeps the training data in the store under its fingerprint, once. */
export async function storeVersion(storage: ObjectStore, data: BikeData, { processedPrefix }: Settings): Promise<string> {
  const key = `${processedPrefix}/bikes-${data.digest.slice(0, 12)}.csv`
  if ((await storage.head(key)) === undefined) await storage.put(key, new TextEncoder().encode(toCsv(data.first)))
  return key
}
