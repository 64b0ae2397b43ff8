/** Boosted trees as JSON and bytes: those of a forest, with the sets of categories behind them (uint32, little endian, 8 words each). */
import { corruptForest, type ForestHeader, forestBytes, forestFrom, forestHeader } from '../forest/forest-format'
import type { BoostedTrees } from './boosted-trees'
import { SET_WORDS } from './split'

/** The JSON part of stored boosted trees. */
export interface BoostedHeader extends ForestHeader {
  readonly outputs: number
  readonly base: readonly number[]
  readonly link: BoostedTrees['link']
  /** The features whose bins are categories. */
  readonly categorical: readonly number[]
  /** How many sets of categories there are. */
  readonly sets: number
}

/** The JSON part. */
export function boostedHeader(trees: BoostedTrees): BoostedHeader {
  return {
    ...forestHeader(trees),
    outputs: trees.outputs,
    base: Array.from(trees.base),
    link: trees.link,
    categorical: [...trees.categorical.keys()].filter((f) => trees.categorical[f] === 1),
    sets: trees.sets.length / SET_WORDS,
  }
}

/** The binary part. */
export function boostedBytes(trees: BoostedTrees): Uint8Array {
  const forest = forestBytes(trees)
  const bytes = new Uint8Array(forest.length + 4 * trees.sets.length)
  bytes.set(forest)
  const view = new DataView(bytes.buffer, forest.length)
  for (let i = 0; i < trees.sets.length; i++) view.setUint32(4 * i, trees.sets[i] as number, true)
  return bytes
}

/** Reads boosted trees from their two parts. Checks every index, and that the sizes are consistent. @throws Corrupt */
export function boostedFrom(header: BoostedHeader, bytes: Uint8Array | undefined): BoostedTrees {
  const { outputs, link, base } = header
  const numFeatures = header.edges.length
  const setBytes = 4 * SET_WORDS * header.sets
  if (bytes === undefined || bytes.length < setBytes) throw corruptForest('its sets of categories are cut short')
  if (header.width !== 1 || header.trees % outputs !== 0) throw corruptForest('the trees do not add up to the outputs')
  if (base.length !== outputs) throw corruptForest(`${base.length} base values for ${outputs} outputs`)
  if (header.categorical.some((f) => f >= numFeatures)) throw corruptForest('a feature of categories is not there')
  const forest = forestFrom(header, bytes.subarray(0, bytes.length - setBytes), header.sets > 0 ? 2 * numFeatures : numFeatures)
  const view = new DataView(bytes.buffer, bytes.byteOffset + bytes.length - setBytes)
  const sets = Uint32Array.from({ length: SET_WORDS * header.sets }, (_, i) => view.getUint32(4 * i, true))
  const categorical = new Uint8Array(numFeatures)
  for (const f of header.categorical) categorical[f] = 1
  for (let i = 0; i < forest.nodes.length; i += 2) {
    const word = forest.nodes[i] as number
    if (word < 0 || word >>> 17 < numFeatures) continue
    if ((word & 131071) >= header.sets || categorical[(word >>> 17) - numFeatures] !== 1)
      throw corruptForest('a set of categories is not there')
  }
  return { ...forest, outputs, link, base: Float64Array.from(base), categorical, sets }
}
