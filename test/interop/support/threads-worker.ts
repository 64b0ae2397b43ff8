/** A worker thread that serves the one definition of the lanes. */
import { readFileSync } from 'node:fs'
import { workerData } from 'node:worker_threads'
import { serveSteps } from 'millwright/executor/threads'
import { fsStorage } from 'millwright/storage/fs'
import { penguinPipeline } from '../../support/penguin-pipeline'

const { root } = workerData as { readonly root: string }
serveSteps([
  penguinPipeline({ storage: fsStorage({ root, fsync: false }), read: () => readFileSync('examples/data/penguins.csv', 'utf8') }),
])
