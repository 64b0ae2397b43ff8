/** Making something at a server that would make it twice if it were asked twice. */
import { isMillwrightError } from '../../../core/errors'
import type { MlflowClient } from './client'
import type { Wire } from './wire'

/** A tag of what was made here, by which it is found again when the answer is lost. */
export const requestIdTag = 'millwright.request_id'

/** How a thing is made, and found. */
export interface Creation {
  readonly path: string
  readonly body: Wire
  /** The member of the answer that holds the thing. @default the answer itself */
  readonly member?: string | undefined
  /** Looks for what an earlier try may have made. */
  readonly find: () => Promise<Wire | undefined>
  readonly signal?: AbortSignal | undefined
}

/**
 * Makes a thing, once: when the answer to the call is lost, the thing is looked for before the call is made again. With `retries: 0` the
 * loss is the caller's to deal with.
 *
 * @throws what the call throws; with `details.mayBeDone` where it may have been carried out nevertheless
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
