/** Checks the events of a registry's history when they are read. */
import * as z from 'zod/mini'
import { readStored, storedFormat } from '../core/stored'
import type { RegistryEvent } from './registry-backend'

/** The format of a stored event. */
export const registryEventFormat = /* @__PURE__ */ storedFormat(
  (): z.ZodMiniType<RegistryEvent> =>
    z.looseObject({
      kind: z.enum(['version-registered', 'alias-moved', 'alias-deleted', 'promotion-rejected', 'version-deleted']),
      model: z.string(),
      at: z.number(),
      by: z.optional(z.string()),
      version: z.optional(z.string()),
      alias: z.optional(z.string()),
      from: z.optional(z.string()),
      how: z.optional(z.enum(['promote', 'rollback', 'set'])),
      reason: z.optional(z.string()),
      verdicts: z.optional(z.array(z.looseObject({ gate: z.string(), passed: z.boolean(), required: z.string(), measured: z.string() }))),
    }),
)

/** Checks an event that was read; `subject` names the document in the message. @throws Corrupt */
export function readRegistryEvent(document: unknown, subject: string): RegistryEvent {
  return readStored(registryEventFormat, document, subject)
}
