/** From MLflow's registry JSON to the records of the registry port. An absent list means an empty one. */
import type { ModelVersionRecord, RegisteredModelRecord } from '../../../ports/registry-backend'
import { fromPairs, list, text, type Wire } from '../client/wire'

/** Tags with this prefix belong to this library; those of a registered model hold its history. */
export const OWN_PREFIX = 'millwright.'
/** The user who registered a version: servers on a database do not store `user_id`. */
export const USER_TAG = `${OWN_PREFIX}user`

/** All tags of a model or version, those of the library included. */
export function tagsOf(wire: Wire): Record<string, string> {
  return fromPairs(list(wire, 'tags'))
}

/** A registered model from the wire, without the library's tags. */
export function modelOf(wire: Wire): RegisteredModelRecord {
  const createdAt = Number(wire.creation_timestamp ?? 0)
  const aliases = list(wire, 'aliases').map(({ alias, version }): [string, string] => [String(alias), String(version)])
  return {
    name: text(wire.name),
    createdAt,
    updatedAt: Number(wire.last_updated_timestamp ?? createdAt),
    description: text(wire.description),
    tags: Object.fromEntries(Object.entries(tagsOf(wire)).filter(([key]) => !key.startsWith(OWN_PREFIX))),
    aliases: Object.fromEntries(aliases.sort(([a], [b]) => (a < b ? -1 : 1))),
  }
}

/** A version from the wire. */
export function versionOf(wire: Wire): ModelVersionRecord {
  const createdAt = Number(wire.creation_timestamp ?? 0)
  const source = text(wire.source)
  const { [USER_TAG]: user, ...tags } = tagsOf(wire)
  return {
    name: text(wire.name),
    version: text(wire.version),
    createdAt,
    updatedAt: Number(wire.last_updated_timestamp ?? createdAt),
    description: text(wire.description),
    source,
    runId: text(wire.run_id) || undefined,
    modelId: text(wire.model_id) || /^models:\/(m-[0-9a-f]{32})$/.exec(source)?.[1],
    user: user ?? (text(wire.user_id) || undefined),
    tags,
  }
}
