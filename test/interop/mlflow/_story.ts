/** A story with something for each page of MLflow's UI, logged through any tracker and registry: data, runs, charts, files, models. */
import { deflateSync } from 'node:zlib'
import {
  chain,
  type Dataset,
  evaluate,
  type ModelRegistry,
  oneHotEncoder,
  parseCsv,
  randomForestClassifier,
  simpleImputer,
  split,
  type Tracker,
} from 'millwright'

/** What the pages must show. */
export interface Story {
  readonly experimentId: string
  readonly runId: string
  readonly childId: string
  readonly modelId: string
  readonly accuracy: number
}

/** The names the story gives. */
export const names = { experiment: 'penguin species', run: 'forest of 20', child: 'fold 1', model: 'penguins', logged: 'forest' } as const

/** Logs the story of the penguins' CSV text. */
export async function tellStory(tracker: Tracker, registry: ModelRegistry, csv: string): Promise<Story> {
  const penguins: Dataset = parseCsv(csv)
  const { train, test } = split(penguins, { test: 0.25, stratifyBy: 'species', seed: 7 })
  const model = chain([simpleImputer(), oneHotEncoder(), randomForestClassifier({ nEstimators: 20, seed: 42 })])
  const fitted = model.fit(train, { target: 'species' })
  const metrics = evaluate(fitted, test)
  return tracker.run(
    { experiment: names.experiment, name: names.run, description: 'Which **penguin** is it?', tags: { team: 'blue' } },
    async (run) => {
      run.logInput(train, { name: 'palmerpenguins', context: 'training', source: 'examples/data/penguins.csv' })
      run.logParams({ nEstimators: 20, maxFeatures: 'sqrt', split: { test: 0.25 } })
      run.logMetrics(metrics)
      for (let step = 0; step < 120; step++) {
        run.logMetrics({ loss: 1 / (1 + step / 10), 'val/loss': 1.2 / (1 + step / 12) + 0.05 * Math.sin(step) }, { step })
        if (step % 40 === 0) run.logImage('samples/gradient', gradient(160, 96, step / 120), { step })
      }
      run.logTable('confusion.json', [
        { species: 'Adelie', predicted: 'Adelie', count: 37 },
        { species: 'Gentoo', predicted: 'Gentoo', count: 31 },
      ])
      run.logArtifact('plots/gradient.png', gradient(320, 192, 0.5))
      run.logText('notes/readme.md', '# Penguins of the Palmer archipelago')
      const version = await registry.register(names.model, fitted, {
        run,
        example: train.head(3),
        metrics,
        description: 'The forest of the **story**',
        tags: { team: 'blue' },
      })
      await registry.promote(names.model, version, 'champion')
      const logged = await run.logModel(names.logged, fitted, { params: { trees: 20 }, modelType: 'classification' })
      const childId = await run.child({ name: names.child }, (child) => {
        child.logMetric('accuracy', 0.97)
        return child.runId
      })
      return { experimentId: run.experimentId, runId: run.runId, childId, modelId: logged.modelId, accuracy: metrics.accuracy as number }
    },
  )
}

/** A PNG of a colour gradient. */
function gradient(width: number, height: number, hue: number): Uint8Array {
  const rows = Buffer.alloc(height * (1 + width * 3))
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      rows.set([(255 * x) / width, (255 * y) / height, 255 * hue], y * (1 + width * 3) + 1 + x * 3)
    }
  }
  const head = Buffer.alloc(13)
  head.writeUInt32BE(width, 0)
  head.writeUInt32BE(height, 4)
  head.set([8, 2], 8)
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
  return Buffer.concat([signature, chunk('IHDR', head), chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))])
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const out = Buffer.alloc(body.length + 8)
  out.writeUInt32BE(data.length, 0)
  out.set(body, 4)
  out.writeUInt32BE(crc32(body), body.length + 4)
  return out
}

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of bytes) {
    crc ^= byte
    for (let i = 0; i < 8; i++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0)
  }
  return (crc ^ 0xffffffff) >>> 0
}
