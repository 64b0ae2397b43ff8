/** Bike hire in Washington, hour by hour through 2011: three months to begin with, then day after day of traffic. */
import { type Dataset, filter, readCsv, select, withColumn } from 'millwright'

/** What the models predict from. */
export const features = ['hr', 'weekday', 'workingday', 'holiday', 'weathersit', 'temp', 'atemp', 'hum', 'windspeed'] as const
export const target = 'busy'
export const dayMs = 86_400_000
/** The first day of traffic. */
export const begin = Date.UTC(2011, 3, 1)
export const end = Date.UTC(2011, 11, 1)

/** The data: `busy` is true for hours with more than 150 bikes. */
export async function loadBikes(): Promise<{
  readonly first: Dataset
  readonly day: (start: number) => Dataset
  readonly before: (time: number) => Dataset
}> {
  const raw = await readCsv('examples/lifecycle/data/bikeshare-2011.csv')
  const all = select(
    withColumn(raw, target, (row) => (row.bikers as number) > 150, { type: 'boolean' }),
    ['timestamp', ...features, target],
  )
  const between = (from: number, to: number): Dataset =>
    filter(all, (row) => (row.timestamp as number) >= from && (row.timestamp as number) < to)
  return { first: between(0, begin), day: (start) => between(start, start + dayMs), before: (time) => between(0, time) }
}
