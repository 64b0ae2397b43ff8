/** Creating things at a server that would create a second one if it were asked again: runs, logged models, versions, outputs of runs. */
import { isMillwrightError } from '../../../core/errors'
import { newId } from '../../../core/ids'
import type { MlflowClient } from './client'
import { list, part, toPairs, type Wire } from './wire'

/** The tag with the id of the request that created a thing. By it the thing is found when the answer is lost. */
const requestIdTag = 'millwright.request_id'

/** How a thing is created, and how it is found again. */
export interface Creation {
  readonly path: string
  readonly body: Wire
  /** The member of the answer that holds the thing. @default the answer itself */
  readonly member?: string | undefined
  /** Looks for the thing that an earlier attempt may have created. */
  readonly find: () => Promise<Wire | undefined>
  readonly signal?: AbortSignal | undefined
}

/**
 * Creates a thing once: when the answer to the call is lost, looks for the thing before calling again. With `retries: 0` the error is
 * thrown instead.
 *
 * @throws what the call throws; with `details.mayBeDone` where the thing may have been created nevertheless
 */
export async function createOnce(client: MlflowClient, { path, body, member, find, signal }: Creation): Promise<Wire> {
  for (let attempt = 0; ; attempt++) {
    try {
      const answer = await client.call('POST', path, body, { idempotent: false, expect: member, signal })
      return member === undefined ? answer : (answer[member] as Wire)
    } catch (error) {
      const mayBeDone = isMillwrightError(error) && error.details.mayBeDone === true
      if (!mayBeDone || client.retries === 0) throw error
      const found = await find()
      if (found !== undefined) return found
      if (attempt >= client.retries) throw error
    }
  }
}

/** The kinds of things that are found by the tag of their request. */
const kinds = {
  run: { create: 'runs/create', search: 'runs/search', member: 'run', members: 'runs' },
  model: { create: 'logged-models', search: 'logged-models/search', member: 'model', members: 'models' },
} as const

/** A run or a logged model, created once: it gets a tag by which it is found again. With `retries: 0` there is no such tag. */
export function createTagged(
  client: MlflowClient,
  kind: keyof typeof kinds,
  body: Wire & { readonly experiment_id: string },
  { tags = {}, signal }: { readonly tags?: Readonly<Record<string, string>> | undefined; readonly signal?: AbortSignal | undefined },
): Promise<Wire> {
  const requestId = newId()
  const { create, search, member, members } = kinds[kind]
  return createOnce(client, {
    path: create,
    body: { ...body, tags: toPairs(client.retries > 0 ? { ...tags, [requestIdTag]: requestId } : tags) },
    member,
    async find() {
      const filter = `tags.\`${requestIdTag}\` = '${requestId}'`
      const query = { experiment_ids: [body.experiment_id], filter, max_results: 1 }
      return list(await client.call('POST', search, query, { signal }), members)[0]
    },
    signal,
  })
}

/** Records the models that a run has produced, without those that it already has: the server refuses to record one twice. @throws NotFound (run) */
export async function logOutputs(
  client: MlflowClient,
  runId: string,
  models: readonly { readonly modelId: string; readonly step: number }[],
): Promise<void> {
  if (models.length === 0) return
  const findMissing = async (): Promise<typeof models> => {
    const run = part(await client.call('GET', 'runs/get', { run_id: runId }, { expect: 'run' }), 'run')
    const recorded = list(part(run, 'outputs'), 'model_outputs').map((output) => output.model_id)
    return models.filter(({ modelId }) => !recorded.includes(modelId))
  }
  const missing = await findMissing()
  if (missing.length === 0) return
  await createOnce(client, {
    path: 'runs/outputs',
    body: { run_id: runId, models: missing.map(({ modelId, step }) => ({ model_id: modelId, step })) },
    find: async () => ((await findMissing()).length === 0 ? {} : undefined),
  })
}
