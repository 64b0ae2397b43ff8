/** What Node, a page, and a worker of a page all do: fits, cross-validation and searches, on some threads or on none. */
import { sha256Hex } from '../../src/core/hash'
import { createRng } from '../../src/core/random'
import {
  chain,
  crossValidate,
  type FittedModel,
  gradientBoostingClassifier,
  int,
  logUniform,
  oneHotEncoder,
  randomForestClassifier,
  randomForestRegressor,
  simpleImputer,
  tpeSearch,
} from '../../src/learn'
import { tableFromRows } from '../../src/schema/table'

const rng = createRng(21)
// Rounded: logarithms and cosines, of which normal numbers are made, differ in the last bit between versions of V8.
const normal = (): number => Math.round(rng.normal() * 1000) / 1000
const rows = Array.from({ length: 500 }, (_, i) => {
  const [x, z] = [normal(), i % 9 === 0 ? null : normal()]
  const kind = ['a', 'b', 'c', 'd'][rng.int(4)] as string
  return {
    x,
    z,
    kind,
    number: Math.round(1000 * (2 * x + (z ?? 0) + normal())),
    label: x + (kind === 'a' ? 1 : 0) + normal() / 2 > 0.4 ? 'late' : 'on time',
  }
})
const labelled = tableFromRows(rows.map(({ number: _, ...row }) => row))
const numbered = tableFromRows(rows.map(({ label: _, kind: __, ...row }) => row))
const digest = (model: FittedModel | undefined): string =>
  sha256Hex(
    Object.entries(model?.pack().files ?? {})
      .map(([name, bytes]) => `${name} ${sha256Hex(bytes)}`)
      .join('\n'),
  )

/** Digests of models, and scores, with so many threads beside the calling one. */
export async function fits(workers: number): Promise<Readonly<Record<string, unknown>>> {
  const forest = chain([simpleImputer(), oneHotEncoder(), randomForestClassifier({ nEstimators: 25, oobScore: true, seed: 3 })])
  const regressor = randomForestRegressor({ nEstimators: 15, seed: 4 })
  const boosted = gradientBoostingClassifier({ nEstimators: 15, minSamplesLeaf: 5, subsample: 0.8, seed: 5 })
  const shared = { target: 'label', folds: 4, scoring: ['logLoss', 'rocAuc'], workers, seed: 6 } as const
  const search = await tpeSearch(boosted, labelled, {
    ...{ ...shared, trials: 6, startupTrials: 3 },
    params: { learningRate: logUniform(0.01, 0.5), maxLeafNodes: int(3, 31) },
  })
  return {
    forest: digest(await forest.fitAsync(labelled, { target: 'label', workers })),
    regressor: digest(await regressor.fitAsync(numbered, { target: 'number', workers })),
    scores: JSON.stringify(await crossValidate(boosted, labelled, { ...shared, folds: 5 })),
    forestScores: JSON.stringify(await crossValidate(forest, labelled, { ...shared, folds: 3 })),
    trials: JSON.stringify(search.trials.map(({ params, score, reports }) => [params, score, reports])),
    best: digest(search.fitted),
  }
}

/** The same in a page or worker, and how many Web Workers were asked for. */
export async function fitsCounted(workers: number): Promise<{ readonly results: unknown; readonly started: number }> {
  const { Worker: Original } = globalThis
  let started = 0
  globalThis.Worker = class extends Original {
    constructor(...given: ConstructorParameters<typeof Worker>) {
      started++
      super(...given)
    }
  }
  try {
    return { results: await fits(workers), started }
  } finally {
    globalThis.Worker = Original
  }
}
