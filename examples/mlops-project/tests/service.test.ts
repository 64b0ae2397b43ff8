import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { createTracker, ModelRegistry } from 'millwright'
import { fsStorage } from 'millwright/node'
import { start } from '../src/server.js'
import { openProject } from '../src/settings.js'
import { train } from '../src/train.js'

const folder = await mkdtemp(join(tmpdir(), 'penguins-'))
after(() => rm(folder, { recursive: true, force: true }))

test('a model is trained, passes the gate, and answers over HTTP', async () => {
  const storage = fsStorage({ root: folder })
  const project = { ...(await openProject()), storage, registry: new ModelRegistry({ storage }), tracker: createTracker({ storage }) }
  const version = await train({
    ...project,
    config: { ...project.config, data: { ...project.config.data, processed_data_path: join(folder, 'processed') } },
  })
  assert.ok((version.metrics.accuracy ?? 0) >= 0.9)
  const server = await start(project, 0)
  const rows = [
    { island: 'Biscoe', bill_length_mm: 47, bill_depth_mm: 15, flipper_length_mm: 217, body_mass_g: 5200, sex: 'male', year: 2009 },
  ]
  const response = await fetch(`${server.url}/predict`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ rows }),
  })
  const { predictions } = (await response.json()) as { predictions: { prediction: string }[] }
  assert.equal(predictions[0]?.prediction, 'Gentoo')
  await server.close()
  await project.tracker.close()
})
