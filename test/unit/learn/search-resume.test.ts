import { describe, expect, it, vi } from 'vitest'
import { memoryStorage } from '../../../src/adapters/memory/memory-storage'
import { memoryTracker } from '../../../src/adapters/memory/memory-tracker'
import { filesTracker } from '../../../src/adapters/mlruns/files-tracker'
import {
  choice,
  gradientBoostingClassifier,
  gridSearch,
  int,
  optimize,
  randomForestClassifier,
  randomSearch,
  type SearchTrials,
  successiveHalving,
  type TrialTracker,
  tpeSearch,
  uniform,
} from '../../../src/learn'
import { createBareTracker, type Run, type Tracker } from '../../../src/run'
import { goldenSet } from './data'

const iris = goldenSet('iris')
const wine = goldenSet('wine')
const model = randomForestClassifier({ nEstimators: 2, seed: 1 })
const space = { maxDepth: int(1, 8), minSamplesLeaf: int(1, 20) }
const shared = { target: 'target', folds: 2, seed: 3 } as const

/** A search that is resumed: with the run to log to, if any, and a listener. */
interface Part {
  readonly run?: Run
  readonly resume?: TrialTracker
  readonly signal?: AbortSignal
  readonly onTrial?: () => void
}
const searches: Readonly<Record<string, (part: Part) => Promise<SearchTrials>>> = {
  gridSearch: (part) => gridSearch(model, iris, { ...shared, ...part, params: { maxDepth: [1, 2, 3], minSamplesLeaf: [1, 5, 9] } }),
  randomSearch: (part) => randomSearch(model, iris, { ...shared, ...part, params: space, trials: 8, returnTrainScores: true }),
  tpeSearch: (part) =>
    tpeSearch(model, iris, {
      ...shared,
      ...part,
      params: space,
      trials: 9,
      startupTrials: 3,
      pruning: { startupTrials: 2 },
      concurrency: 2,
    }),
  successiveHalving: (part) => successiveHalving(model, iris, { ...shared, ...part, params: space, trials: 9 }),
  optimize: (part) =>
    optimize(
      ({ x }, trial) => {
        const score = Math.sqrt(x as number)
        trial.report(score)
        // One trial in three is worse than any number.
        return trial.number % 3 === 2 ? Number.POSITIVE_INFINITY : score
      },
      { ...part, params: { x: uniform(0, 1) }, trials: 12, seed: 2 },
    ),
}

/** What a resumed search shares with one that was not interrupted: everything but the times. */
const facts = ({ trials, best, bestParams, bestScore, ...more }: SearchTrials) => ({
  bestParams,
  bestScore,
  best: best.number,
  trials: trials.map(({ startTime: _, seconds: __, ...trial }) => trial),
  files: 'fitted' in more ? (more.fitted as { pack(): unknown } | undefined)?.pack() : undefined,
})

const newTracker = (): Tracker => createBareTracker({ backend: filesTracker({ storage: memoryStorage() }) })
const nestedIn = async (tracker: Tracker, { runId }: Run) =>
  (await tracker.search({ limit: 10_000 })).filter(({ tags }) => tags['mlflow.parentRunId'] === runId)
/** Runs a search until some trials have ended. */
async function interrupted(tracker: Tracker, search: (part: Part) => Promise<SearchTrials>, trials: number): Promise<void> {
  const stop = new AbortController()
  let ended = 0
  const onTrial = (): void => {
    if (++ended === trials) stop.abort(new Error('the power went'))
  }
  const work = tracker.run({ experiment: 'searches', name: 'flights' }, (run) => search({ run, signal: stop.signal, onTrial }))
  await expect(work).rejects.toThrow('the power went')
}

describe('a search resumed from the runs of its trials', () => {
  it.each(Object.entries(searches))('gives what it gives without an interruption: %s', async (_, search) => {
    const tracker = newTracker()
    await interrupted(tracker, search, 4)
    let parent: Run | undefined
    const resumed = await tracker.run({ experiment: 'searches', name: 'flights', resume: true }, (run) => {
      parent = run
      return search({ run, resume: tracker })
    })
    expect(facts(resumed)).toEqual(facts(await search({})))
    const nested = await nestedIn(tracker, parent as Run)
    const finished = nested.filter(({ status }) => status === 'finished').map(({ tags }) => tags['millwright.trial'])
    expect(finished.sort()).toEqual(resumed.trials.map(({ number }) => String(number)).sort())
    expect((await tracker.search({ experiment: 'searches' })).filter(({ runName }) => runName === 'flights')).toHaveLength(1)
    await tracker.close()
  })

  const growing: Readonly<Record<string, (trials: number, part: Part) => Promise<SearchTrials>>> = {
    randomSearch: (trials, part) => randomSearch(model, iris, { ...shared, ...part, params: space, refit: false, seed: 1, trials }),
    tpeSearch: (trials, part) => tpeSearch(model, iris, { ...shared, ...part, params: space, refit: false, seed: 1, trials }),
    optimize: (trials, part) =>
      optimize(({ x }) => (x as { at: number }).at, {
        ...part,
        params: { x: choice([3, 2, 1, 0].map((at) => ({ at }))) },
        sampler: 'grid',
        trials,
      }),
  }

  it.each(Object.entries(growing))(
    'fits nothing when all trials are there, and adds better ones to a search that has ended: %s',
    async (_, search) => {
      const tracker = newTracker()
      const run = await tracker.startRun({ experiment: 'searches', name: 'flights' })
      const first = await search(1, { run, resume: tracker })
      await run.finish()
      const again = await tracker.resumeRun(run.runId)
      expect((await search(1, { run: again, resume: tracker })).trials).toEqual(first.trials)
      const more = await search(4, { run: again, resume: tracker })
      expect(more.trials.slice(0, 1)).toEqual(first.trials)
      expect(more.best.number).toBeGreaterThan(0)
      await again.finish()
      expect(await nestedIn(tracker, run)).toHaveLength(4)
      const { params, tags, metrics } = await tracker.getRun(run.runId)
      const texts = ({ bestParams }: SearchTrials, textOf: (value: unknown) => string) =>
        Object.fromEntries(Object.entries(bestParams).map(([name, value]) => [`best_${name}`, textOf(value)]))
      // A param cannot change: it stays that of the first best trial.
      expect(tags).toMatchObject(texts(more, JSON.stringify))
      expect(params).toMatchObject(first.bestParams.x === undefined ? texts(first, String) : { 'best_x.at': '3' })
      expect(metrics).toMatchObject({
        best_trial: { value: more.best.number },
        best_cv_score: { value: more.bestScore },
        trials: { value: 4 },
      })
      await tracker.close()
    },
  )

  it('ends the runs of trials that a killed process left open, and tries those again', async () => {
    const tracker = newTracker()
    const run = await tracker.startRun({ experiment: 'searches' })
    const open = await run.startChild({ tags: { 'millwright.search': 'gridSearch', 'millwright.trial': '0' } })
    await open.flush()
    const other = await run.startChild({ name: 'no trial' })
    const found = await gridSearch(model, iris, { ...shared, params: { maxDepth: [1, 2] }, run, resume: tracker })
    expect(found.trials).toHaveLength(2)
    expect((await tracker.getRun(open.runId)).status).toBe('killed')
    expect((await tracker.getRun(other.runId)).status).toBe('running')
    await tracker.close()
  })

  it('refuses trials of another search, damaged trials, and no run', async () => {
    const tracker = newTracker()
    const run = await tracker.startRun({ experiment: 'searches' })
    const options = { ...shared, params: { maxDepth: [1, 2] }, run, resume: tracker, refit: false }
    await gridSearch(model, iris, options)
    const another =
      /holds the trials of another search: gridSearch of randomForestClassifier over maxDepth on 150 rows, seed 3; this one is/
    for (const search of [
      gridSearch(model, wine, options),
      gridSearch(model, iris, { ...options, seed: 4 }),
      gridSearch(gradientBoostingClassifier({ nEstimators: 2 }), iris, options),
      gridSearch(model, iris, { ...options, pruning: true }),
      gridSearch(model, iris, { ...options, scoring: ['logLoss'] }),
    ]) {
      await expect(search).rejects.toThrow(another)
      await expect(search).rejects.toMatchObject({ code: 'Conflict', hint: expect.stringMatching(/the metrics, the pruning/) })
    }
    const [trial] = await nestedIn(tracker, run)
    const damaged = await tracker.resumeRun(trial?.runId as string)
    damaged.logJson('trial.json', { formatVersion: 1, number: -1 })
    await damaged.finish()
    await expect(gridSearch(model, iris, options)).rejects.toMatchObject({ code: 'Corrupt' })
    await expect(gridSearch(model, iris, { ...options, run: undefined })).rejects.toThrow(/`resume` of gridSearch needs `run`/)
    await expect(gridSearch(model, iris, { ...options, resume: true } as never)).rejects.toThrow(
      /`resume` of gridSearch must be the tracker/,
    )
    await tracker.close()
  })
})

describe('runs opened by name', () => {
  it('are the newest of that name, in the experiment and below the parent, or new ones', async () => {
    const tracker = newTracker()
    const start = (more: object = {}) => tracker.startRun({ experiment: 'a', name: "it's", resume: true, ...more })
    const first = await start({ tags: { shift: 'night' } })
    await first.finish('killed')
    const second = await start({ tags: { shift: 'day' }, description: 'again' })
    expect(second.runId).toBe(first.runId)
    const child = await second.startChild({ name: "it's", resume: true })
    await child.finish()
    expect((await second.startChild({ name: "it's", resume: true })).runId).toBe(child.runId)
    expect((await start({ experiment: 'b' })).runId).not.toBe(first.runId)
    expect((await tracker.getRun(first.runId)).tags).toMatchObject({ shift: 'day', 'mlflow.note.content': 'again' })
    await second.finish()
    expect((await start({ resume: false })).runId).not.toBe(first.runId)
    await expect(start({ name: undefined })).rejects.toThrow(/`resume` of startRun needs `name`/)
    await expect(start({ name: `it's "so"` })).rejects.toThrow(/one kind of quotation marks/)
    await tracker.close()
  })

  it.each(['below a parent', 'on its own'])(
    'are found %s among over a thousand newer ones of that name, without reading all',
    async (place) => {
      const backend = memoryTracker()
      const tracker = createBareTracker({ backend })
      const { experimentId } = await backend.ensureExperiment('a')
      const top = await tracker.startRun({ experiment: 'a', name: 'top' })
      const parent = place === 'on its own' ? undefined : top
      const nested = { 'mlflow.parentRunId': top.runId }
      const create = (startTime: number, tags: Record<string, string>) =>
        backend.createRun({ experimentId, runName: 'same', startTime, tags })
      const wanted = await create(1, parent === undefined ? {} : nested)
      for (let i = 0; i < 1100; i++) await create(2 + i, parent === undefined ? nested : {})
      const search = vi.spyOn(backend, 'searchRuns')
      const start = { name: 'same', resume: true, ...(parent === undefined ? { experiment: 'a' } : { parent }) }
      expect((await tracker.startRun(start)).runId).toBe(wanted.runId)
      expect(search.mock.calls[0]?.[0].limit).toBeLessThan(10)
      if (parent !== undefined) expect(search).toHaveBeenCalledTimes(1)
      await tracker.close()
    },
  )
})
