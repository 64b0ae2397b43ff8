/** A server that says on each line of its input how much memory it uses after a collection. Runs with `--expose-gc`. */
import { parseCsv } from '../../../src/adapters/csv/csv'
import { memoryStorage } from '../../../src/adapters/memory/memory-storage'
import { linearRegression } from '../../../src/learn'
import { Predictor } from '../../../src/predictor/predictor'
import { serve } from '../../../src/wiring/serve'

const model = linearRegression().fit(parseCsv('x,y\n1,2\n2,4\n'), { target: 'y' })
const predictor = Predictor.of(model, { name: 'line', version: '1', batch: {}, cache: { maxEntries: 100 } })
const { port } = await serve(predictor, { port: 0, jobs: { storage: memoryStorage() }, compress: true })
console.info(port)
process.stdin.on('data', () => {
  const collect = (globalThis as { gc?: () => void }).gc as () => void
  // Finalizers that run after the first collection free what the second one finds. Answers under way end in between.
  collect()
  setTimeout(() => {
    collect()
    const { heapUsed, rss } = process.memoryUsage()
    console.info(JSON.stringify({ heapUsed, rss }))
  }, 20)
})
process.stdin.on('end', () => process.exit(0))
