/** Bike hire in Washington, hour by hour: eight months to learn from, and four that come afterwards as traffic. */
import { type Dataset, filter, readCsv, select, withColumn } from 'millwright'

/** What the models predict from. */
export const features = ['hr', 'weekday', 'workingday', 'holiday', 'weathersit', 'temp', 'atemp', 'hum', 'windspeed']

const september = Date.UTC(2011, 8, 1)

/** The data: `busy` is true for hours with more than 150 bikes. */
export async function loadBikes(path: string): Promise<{ readonly train: Dataset; readonly traffic: Dataset }> {
  const raw = await readCsv(path)
  const all = withColumn(raw, 'busy', (row) => (row.bikers as number) > 150, { type: 'boolean' })
  const wanted = [...features, 'busy']
  return {
    train: select(
      filter(all, (row) => (row.timestamp as number) < september),
      wanted,
    ),
    traffic: select(
      filter(all, (row) => (row.timestamp as number) >= september),
      wanted,
    ),
  }
}

/** The same data as a careless team joins it: the hours are those of another time zone. */
export function inAnotherTimeZone(data: Dataset): Dataset {
  return withColumn(data, 'hr', (row) => ((row.hr as number) + 5) % 24, { type: 'int32' })
}
