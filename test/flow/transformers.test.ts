/** A chain of many transformers from a CSV file through the registry into a predictor that gets rows with missing and unknown cells. */
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import {
  chain,
  columns,
  dateParts,
  kBinsDiscretizer,
  ModelRegistry,
  memoryStorage,
  minMaxScaler,
  oneHotEncoder,
  Predictor,
  parseCsv,
  randomForestRegressor,
  restoreModel,
  simpleImputer,
  split,
  targetEncoder,
} from '../../src/index'

it('trains, registers and predicts through routed columns', async () => {
  const text = readFileSync(new URL('../../examples/lifecycle/data/bikeshare-2011.csv', import.meta.url), 'utf8')
  // Gaps in training make a cell that is missing later no error.
  const gaps = text
    .split('\n')
    .map((line, i) => (i % 40 === 7 ? line.replace(/^((?:[^,]*,){9})[^,]*,([^,]*,[^,]*),[^,]*/, '$1,$2,') : line))
  const { train, test } = split(parseCsv(gaps.join('\n')).head(1500), { test: 0.2, seed: 7 })
  expect(train.column('temp').nullCount).toBeGreaterThan(10)
  expect(train.column('windspeed').nullCount).toBeGreaterThan(10)
  const prepared = columns([
    { columns: 'timestamp', transformer: dateParts({ parts: ['dayOfWeek', 'hour'], cyclic: true }) },
    { columns: ['weathersit'], transformer: oneHotEncoder({ minFrequency: 5, handleUnknown: 'infrequentIfExist' }) },
    { columns: ['mnth'], transformer: targetEncoder({ seed: 1 }) },
    { columns: ['temp', 'hum'], transformer: [simpleImputer({ strategy: 'median' }), minMaxScaler({ clip: true })] },
    { name: 'windy', columns: ['windspeed'], transformer: kBinsDiscretizer({ nBins: 3, encode: 'ordinal' }) },
  ])
  const model = chain([prepared, randomForestRegressor({ nEstimators: 10, seed: 1 })]).fit(train, { target: 'bikers' })
  expect(model.parts.matrixNames.slice(0, 4)).toEqual([
    'timestamp_dayOfWeek_sin',
    'timestamp_dayOfWeek_cos',
    'timestamp_hour_sin',
    'timestamp_hour_cos',
  ])
  expect(model.features.map(({ name }) => name).sort()).toEqual(['hum', 'mnth', 'temp', 'timestamp', 'weathersit', 'windspeed'])
  expect(restoreModel(model.pack()).predict(test)).toEqual(model.predict(test))

  const registry = new ModelRegistry({ storage: memoryStorage() })
  await registry.register('bikes', model)
  const predictor = await Predictor.load(registry, 'bikes@latest')
  const busy = { timestamp: '2011-02-01T17:00:00', weathersit: 'clear', mnth: 'Feb', temp: 0.4, hum: 0.5, windspeed: 0.1 }
  const odd = { ...busy, weathersit: 'hail of frogs', mnth: 'Smarch', temp: null, windspeed: null }
  const answers = await predictor.predict([busy, odd, { ...busy, timestamp: '2011-02-01T04:00:00' }])
  const [atFive, strange, atNight] = answers.map(({ prediction }) => prediction as number)
  expect(atFive).toBeGreaterThan((atNight as number) * 3)
  expect(Number.isFinite(strange)).toBe(true)
})
