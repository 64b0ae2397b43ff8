/** A worker process of the queue lanes: `node queue-worker.mjs <place as JSON> <folder> <lease in ms>`. */
import { readFileSync } from 'node:fs'
import { bullmqWorker } from 'millwright/executor/bullmq'
import { fsStorage } from 'millwright/storage/fs'
import { executorCheckPipeline } from 'millwright/testing'
import { dyingPipeline } from '../../support/dying-pipeline'
import { penguinPipeline } from '../../support/penguin-pipeline'
import { stormPipeline } from './storm-pipeline'

const [place = '{}', root = '', leaseMs = '1000'] = process.argv.slice(2)
const storage = fsStorage({ root, fsync: false })
const worker = bullmqWorker({
  ...JSON.parse(place),
  leaseMs: Number(leaseMs),
  retriesOfLost: 100,
  concurrency: 8,
  cancelLookMs: 100,
  pipelines: [
    ...[executorCheckPipeline(storage), stormPipeline(storage), dyingPipeline(storage)],
    penguinPipeline({ storage, read: () => readFileSync('examples/data/penguins.csv', 'utf8') }),
  ],
})
await worker.ready()
console.log('ready')
process.once('SIGTERM', () => void worker.close())
