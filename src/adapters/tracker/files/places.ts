/** Where a run or a model lies: its id names a folder of one of the experiments. */
import { MillwrightError, show } from '../../../core/errors'
import { assertModelId, assertRunId } from '../../../ports/run-keys'
import type { ArtifactOwner } from '../../../ports/tracker-backend'
import type { Experiments } from './experiments'
import { inParallel, type Tree } from './tree'

/** A found run or model. */
export interface Place {
  /** Key prefix of its experiment, ending in `/`. */
  readonly experiment: string
  /** Its own key prefix, ending in `/`. */
  readonly base: string
}

/** Finds things by id. */
export interface Places {
  /** @throws NotFound */
  run(runId: string): Promise<Place>
  /** @throws NotFound */
  model(modelId: string): Promise<Place>
  /** The key prefix of an owner's artifacts, ending in `/`. @throws NotFound */
  artifacts(owner: ArtifactOwner): Promise<string>
  /** Remembers where something was just made. */
  remember(id: string, place: Place): void
}

/** A lookup over the experiments of `tree` that remembers what it found. */
export function createPlaces(tree: Tree, experiments: Experiments): Places {
  const known = new Map<string, Place>()

  const exists = async (base: string): Promise<boolean> => (await tree.storage.head(`${base}meta.yaml`)) !== undefined

  const find = async (id: string, kind: string, folder: string): Promise<Place> => {
    const held = known.get(id)
    if (held !== undefined && (await exists(held.base))) return held
    const places = (await experiments.bases()).map((experiment) => ({ experiment, base: `${experiment}${folder}${id}/` }))
    const there = await inParallel(places, ({ base }) => exists(base))
    const place = places[there.indexOf(true)]
    if (place === undefined) throw new MillwrightError('NotFound', `${tree.storage.name} has no ${kind} ${show(id)}`)
    known.set(id, place)
    return place
  }

  const run = (runId: string): Promise<Place> => {
    assertRunId(runId)
    return find(runId, 'run', '')
  }
  const model = (modelId: string): Promise<Place> => {
    assertModelId(modelId)
    return find(modelId, 'model', 'models/')
  }
  return {
    run: async (runId) => run(runId),
    model: async (modelId) => model(modelId),
    async artifacts(owner) {
      const { base } = 'runId' in owner ? await run(owner.runId) : await model(owner.modelId)
      return `${base}artifacts/`
    },
    remember: (id, place) => void known.set(id, place),
  }
}
