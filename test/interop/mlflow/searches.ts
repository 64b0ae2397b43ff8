/**
 * Searches logged to a real `mlflow server`: one is interrupted and resumed from its runs, one prunes within its fits, one finds a better trial after it had ended; MLflow's Python client finds the
 * trials, nested, with the names of its own autologging.
 *
 *   node scripts/run.mjs test/interop/mlflow/searches.ts [url of a server that runs already]
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createTracker, parseCsv } from '../../../src'
import { mlflowTracker } from '../../../src/adapters/mlflow/tracker/mlflow-tracker'
import {
  gradientBoostingClassifier,
  int,
  logUniform,
  randomSearch,
  type SearchTrials,
  successiveHalvingPruner,
  type TrialTracker,
  tpeSearch,
} from '../../../src/learn'
import type { Run } from '../../../src/run'
import { runPython, useServer } from '../support/mlflow'

const penguins = parseCsv(readFileSync('examples/data/penguins.csv', 'utf8'))
const model = gradientBoostingClassifier({ nEstimators: 12, minSamplesLeaf: 5 })
const shared = { target: 'species', folds: 2, scoring: ['logLoss', 'accuracy'], seed: 3, refit: false } as const
interface Part {
  readonly run?: Run
  readonly resume?: TrialTracker
  readonly signal?: AbortSignal
  readonly onTrial?: () => void
}
const byEstimate = (part: Part): Promise<SearchTrials> =>
  tpeSearch(model, penguins, {
    ...{ ...shared, ...part, trials: 8, startupTrials: 3 },
    params: { learningRate: logUniform(0.001, 0.5), maxLeafNodes: int(3, 31) },
  })
const facts = ({ bestParams, trials }: SearchTrials): object => ({
  bestParams,
  trials: trials.map(({ startTime: _, seconds: __, ...trial }) => trial),
})

const server = await useServer(process.argv[2])
const tracker = createTracker({ backend: mlflowTracker({ url: server.url }) })
const experiment = `searches-${Date.now()}`
try {
  const stop = new AbortController()
  let ended = 0
  const onTrial = (): void => {
    if (++ended === 5) stop.abort(new Error('the power went'))
  }
  const interrupted = tracker.run({ experiment, name: 'resumed' }, (run) => byEstimate({ run, signal: stop.signal, onTrial }))
  await assert.rejects(interrupted, /the power went/)
  const resumed = await tracker.run({ experiment, name: 'resumed', resume: true }, (run) => byEstimate({ run, resume: tracker }))
  assert.deepEqual(
    facts(resumed),
    facts(await byEstimate({})),
    'resumed from the server, every score is that of a search without an interruption',
  )

  const pruned = await tracker.run({ experiment, name: 'pruned' }, (run) =>
    randomSearch(model, penguins, {
      ...{ ...shared, run, trials: 8, params: { learningRate: logUniform(0.0001, 0.5) } },
      pruning: { pruner: successiveHalvingPruner({ minResource: 3, reductionFactor: 2 }), each: 'round', every: 3 },
    }),
  )
  const grow = (trials: number): Promise<SearchTrials> =>
    tracker.run({ experiment, name: 'grown', resume: true }, (run) =>
      randomSearch(model, penguins, { ...shared, run, resume: tracker, trials, params: { learningRate: logUniform(0.0001, 0.5) } }),
    )
  const few = await grow(1)
  const grown = await grow(6)
  assert.notDeepEqual(grown.bestParams, few.bestParams, 'the run has params of another best trial, which cannot change')

  const stopped = pruned.trials.filter(({ status }) => status === 'pruned')
  assert.ok(stopped.length > 1)
  await tracker.flush()

  interface Seen {
    readonly status: string
    readonly score: number
    readonly params: Readonly<Record<string, string>>
    readonly trial_status: string
    readonly reported: readonly (readonly [number, number])[]
    readonly number: number
  }
  const seen = runPython<Readonly<Record<string, readonly Seen[]>>>('searches.py', server.url, experiment)
  assert.deepEqual(
    seen.resumed?.map(({ number, status, score, params }) => [number, status, score, Number(params.learningRate)]),
    resumed.trials.map(({ number, score, params }) => [number, 'FINISHED', score, params.learningRate]),
  )
  assert.deepEqual(
    seen.pruned?.map(({ number, trial_status, reported }) => [number, trial_status, reported]),
    pruned.trials.map(({ number, status, steps, reports }) => [number, status, steps?.map((step, i) => [step, reports[i]])]),
  )
  assert.equal(seen.grown?.length, 6)
  console.info(
    `a search interrupted after ${ended} of ${resumed.trials.length} trials and resumed from ${server.url}: every score as without; ${stopped.length} of ${pruned.trials.length} trials pruned within their fits; another grown from 1 to 6 trials, with a new best; Python sees them all`,
  )
} finally {
  await tracker.close()
  await server.stop()
}
