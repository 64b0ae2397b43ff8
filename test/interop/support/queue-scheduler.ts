/** The process that runs storm pipelines one after another: `node queue-scheduler.mjs <place as JSON> <folder> <number of runs>`. */
import { bullmqExecutor } from 'millwright/executor/bullmq'
import { fsStorage } from 'millwright/storage/fs'
import { stormPipeline, stormResult } from './storm-pipeline'

const [place = '{}', root = '', count = '1'] = process.argv.slice(2)
const storage = fsStorage({ root, fsync: false })
const executor = bullmqExecutor(JSON.parse(place))
const pipeline = stormPipeline(storage)
const done = new Set((await pipeline.listRuns()).filter(({ status }) => status === 'finished').map(({ runId }) => runId))
console.log('ready')
for (let i = 0; i < Number(count); i++) {
  const runId = `r${i}`
  if (done.has(runId)) continue
  const { outputs } = await runOrResume(runId)
  if (outputs.join !== stormResult) throw new Error(`run ${runId} gave ${outputs.join}`)
  console.log(`end ${runId}`)
}
await executor.close()

async function runOrResume(runId: string): ReturnType<typeof pipeline.run> {
  try {
    return await pipeline.run({ runId, executor })
  } catch (error) {
    if ((error as { code?: string }).code !== 'AlreadyExists') throw error
  }
  for (;;) {
    try {
      return await pipeline.resume(runId, { executor })
    } catch (error) {
      const { code, details } = error as { code?: string; details?: { expiresAt?: number } }
      if (code !== 'Conflict' || details?.expiresAt === undefined) throw error
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}
