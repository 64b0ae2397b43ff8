/** Telling a run which models it made: the server refuses to be told twice. */
import type { MlflowClient } from './client'
import { createOnce } from './create-once'
import { list, part } from './wire'

/** Adds those of `models` that the run does not have yet. @throws NotFound (run) */
export async function logOutputs(
  client: MlflowClient,
  runId: string,
  models: readonly { readonly modelId: string; readonly step: number }[],
): Promise<void> {
  if (models.length === 0) return
  const missing = async (): Promise<typeof models> => {
    const run = part(await client.call('GET', 'runs/get', { run_id: runId }, { expect: 'run' }), 'run')
    const held = list(part(run, 'outputs'), 'model_outputs').map((output) => output.model_id)
    return models.filter(({ modelId }) => !held.includes(modelId))
  }
  const made = await missing()
  if (made.length === 0) return
  await createOnce(client, {
    path: 'runs/outputs',
    body: { run_id: runId, models: made.map(({ modelId, step }) => ({ model_id: modelId, step })) },
    find: async () => ((await missing()).length === 0 ? {} : undefined),
  })
}
