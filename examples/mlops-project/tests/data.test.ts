import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromRows, validate } from 'millwright'
import { loadData, suite } from '../src/data.js'
import { openProject } from '../src/settings.js'

test('the data are divided by the configuration, each species in both sets', async () => {
  const { config } = await openProject()
  const { train, test: held } = await loadData(config)
  assert.equal(train.numRows + held.numRows, 344)
  for (const part of [train, held]) assert.equal(new Set(part.toRecords().map(({ species }) => species)).size, 3)
})

test('a penguin of twelve kilograms is refused', () => {
  const rows = Array.from({ length: 400 }, () => ({ species: 'Adelie', bill_length_mm: 40, body_mass_g: 12_000 }))
  assert.equal(validate(fromRows(rows), suite).success, false)
})
