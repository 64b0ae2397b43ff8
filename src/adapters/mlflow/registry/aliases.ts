/** Aliases of model versions on an MLflow server, and the stages that follow them for older tools. */
import { isMillwrightError } from '../../../core/errors'
import type { InOrder } from '../../../core/in-order'
import type { RegistryBackend } from '../../../ports/registry-backend'
import { aliasConflict, missingModel } from '../../../ports/registry-errors'
import type { MlflowClient } from '../client/client'
import { findModel } from './models'

import { modelOf } from './records'
import { findVersion } from './versions'

/** Alias → stage. */
export type AliasStages = Readonly<Record<string, 'Staging' | 'Production'>>

/** The part of the registry port that concerns aliases. */
export function modelAliases(
  client: MlflowClient,
  { name, stages, inOrder }: { readonly name: string; readonly stages: AliasStages; readonly inOrder: InOrder },
): Pick<RegistryBackend, 'getAlias' | 'moveAlias' | 'deleteAlias'> {
  const getAlias = async (model: string, alias: string): Promise<string | undefined> => {
    const wire = await findModel(client, model)
    if (wire === undefined) return undefined
    const { aliases } = modelOf(wire)
    return Object.hasOwn(aliases, alias) ? aliases[alias] : undefined
  }
  return {
    getAlias,
    moveAlias: (model, alias, version, expected) =>
      inOrder(model, async () => {
        if ((await findVersion(client, model, version)) === undefined) throw missingModel(name, model, version)
        const actual = await getAlias(model, alias)
        if (actual !== expected) throw aliasConflict(model, alias, { expected, actual })
        await client.call('POST', 'registered-models/alias', { name: model, alias, version })
        const after = await getAlias(model, alias)
        if (after !== version) throw aliasConflict(model, alias, { expected, actual: after })
        const stage = Object.hasOwn(stages, alias) ? stages[alias] : undefined
        if (stage !== undefined) await moveToStage(client, { model, version, stage })
      }),
    async deleteAlias(model, alias) {
      const version = await getAlias(model, alias)
      if (version === undefined) return
      await client.call('DELETE', 'registered-models/alias', { name: model, alias })
      if (Object.hasOwn(stages, alias)) await moveToStage(client, { model, version, stage: 'Archived' })
    },
  }
}

/** Moves a version to a stage. Does nothing on servers that have no stages. */
async function moveToStage(
  client: MlflowClient,
  { model, version, stage }: { readonly model: string; readonly version: string; readonly stage: string },
): Promise<void> {
  try {
    const body = { name: model, version, stage, archive_existing_versions: stage !== 'Archived' }
    await client.call('POST', 'model-versions/transition-stage', body)
  } catch (error) {
    if (!isMillwrightError(error, 'Unsupported')) throw error
  }
}
