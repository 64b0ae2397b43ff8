/** Finds the folder of a run or model by its id: it is a folder of one of the experiments. */
import { MillwrightError, show } from '../../core/errors'
import { assertModelId, assertRunId } from '../../ports/run-keys'
import type { ArtifactOwner } from '../../ports/tracker-backend'
import type { Experiments } from './experiments'
import type { KnownFiles } from './known-files'
import type { Tree } from './tree'

/** The folders of a run or model. */
export interface Place {
  /** Key prefix of the experiment, ending in `/`. */
  readonly experiment: string
  /** Key prefix of the run or model, ending in `/`. */
  readonly base: string
}

/** Finds runs and models by id. */
export interface Places {
  /** @throws NotFound */
  run(runId: string): Promise<Place>
  /** @throws NotFound */
  model(modelId: string): Promise<Place>
  /** The key prefix of an owner's artifacts, ending in `/`. @throws NotFound */
  artifacts(owner: ArtifactOwner): Promise<string>
  /** Notes the folders of a run or model that was just created. */
  remember(id: string, place: Place): void
}

/** A lookup in the experiments of `tree`. Found places are cached. */
export function createPlaces(tree: Tree, known: KnownFiles, experiments: Experiments): Places {
  const places = new Map<string, Place>()

  /** The first of the candidates that exists. */
  const first = async (candidates: readonly Place[]): Promise<Place | undefined> => {
    const metas = await known.read(
      candidates.map(({ experiment, base }) => ({
        folder: known.folder(known.group(experiment), base.slice(experiment.length, -1)),
        path: 'meta.yaml',
      })),
    )
    return candidates[metas.findIndex((meta) => meta !== undefined)]
  }

  const find = async (id: string, kind: string, inside: string): Promise<Place> => {
    const held = places.get(id)
    if (held !== undefined && (await first([held])) !== undefined) return held
    const bases = await experiments.bases()
    const place = await first(bases.map((experiment) => ({ experiment, base: `${experiment}${inside}${id}/` })))
    if (place !== undefined) {
      places.set(id, place)
      return place
    }
    throw new MillwrightError('NotFound', `${tree.storage.name} has no ${kind} ${show(id)}`)
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
    remember: (id, place) => void places.set(id, place),
  }
}
