/** A worker process of the queue lanes: `node queue-worker.mjs <place as JSON> <folder> <lease in ms>`. */
import { bullmqWorker } from 'millwright/executor/bullmq'
import { fsStorage } from 'millwright/storage/fs'
import { executorCheckPipeline } from 'millwright/testing'
import { dyingPipeline } from '../../support/dying-pipeline'
import { stormPipeline } from './storm-pipeline'

const [place = '{}', root = '', leaseMs = '1000'] = process.argv.slice(2)
const storage = fsStorage({ root, fsync: false })
const worker = bullmqWorker({
  ...JSON.parse(place),
  leaseMs: Number(leaseMs),
  retriesOfLost: 100,
  concurrency: 8,
  cancelLookMs: 100,
  pipelines: [executorCheckPipeline(storage), stormPipeline(storage), dyingPipeline(storage)],
})
await worker.ready()
console.log('ready')
process.once('SIGTERM', () => void worker.close())
