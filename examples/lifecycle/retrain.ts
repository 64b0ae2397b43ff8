/** Step 6: the pipeline that trains a challenger from what is labelled by now, and the loop that starts it. */
import {
  concat,
  createRetraining,
  Dataset,
  type DriftDetector,
  defaultRuntimes,
  evaluate,
  type FittedModel,
  filter,
  fingerprint,
  type ModelRegistry,
  type Monitor,
  type ObjectStore,
  Pipeline,
  type Predictor,
  rename,
  restoreModel,
  select,
  type Tracker,
} from 'millwright'
import { type Codec, tableCodec, valueCodec } from 'millwright/pipeline'
import type { Challenger, Retraining, RetrainingRequest } from 'millwright/retraining'
import { type BikeData, features } from './data'
import { day, progress } from './print'
import { type Settings, story } from './settings'
import { bikeModel, learnable } from './training'
import { detectorFor } from './watching'

/** What the loop works with. */
export interface LoopParts {
  readonly settings: Settings
  readonly data: BikeData
  readonly storage: ObjectStore
  readonly tracker: Tracker
  readonly registry: ModelRegistry
  readonly monitor: Monitor
  readonly predictor: Predictor
}

/** The closed loop: a performance alert trains a challenger; if it is promoted, drift is measured against its data from then on. */
export async function closedLoop(parts: LoopParts): Promise<Retraining> {
  const { settings, storage, registry, monitor, predictor } = parts
  let reference: DriftDetector | undefined
  const train = async (request: RetrainingRequest): Promise<Challenger> => {
    const { challenger, detector } = await trainChallenger(parts, request)
    reference = detector
    return challenger
  }
  const retraining = createRetraining({
    ...{ monitor, registry, model: story.model, train, runtimes: await defaultRuntimes(), predictors: [predictor], storage },
    ...{ metric: settings.metric, margin: story.margin, coolDownMs: story.coolDownMs },
  })
  retraining.on('challenger-promoted', () => {
    monitor.detector = reference
  })
  return retraining
}

async function trainChallenger(
  parts: LoopParts,
  { id, trigger, signal }: RetrainingRequest,
): Promise<{ challenger: Challenger; detector: DriftDetector }> {
  const { settings, tracker } = parts
  return tracker.run(
    { experiment: story.model, name: `retrain-${day(trigger.at).trim().replace(' ', '-').toLowerCase()}`, signal },
    async (run) => {
      const pipeline = retrainPipeline(parts)
      const { outputs } = await pipeline.run({
        runId: id,
        signal,
        onProgress: ({ phase, done, total }) => progress(`retraining, ${phase}: ${done} of ${total ?? '?'}`),
      })
      const { older, newest, train: fitted } = outputs as { older: Dataset; newest: Dataset; train: FittedModel }
      const dataset = { name: 'bikes-labelled', fingerprint: fingerprint(older) }
      run.logParams(fitted.options)
      run.logInput({ ...dataset, numRows: older.numRows }, { context: 'training' })
      const metrics = evaluate(fitted, learnable(newest))
      run.logMetrics(metrics)
      run.setTag('trigger', trigger.summary)
      const challenger: Challenger = {
        ...{ model: fitted, holdout: learnable(newest), run, dataset, metrics, example: learnable(newest).head(5) },
        tags: { rows: String(older.numRows) },
      }
      return { challenger, detector: detectorFor(learnable(older), fitted, settings) }
    },
  )
}

/** collect → older and newest → train. Its runs are recorded in the store, with the tables and the model they made. */
function retrainPipeline({ settings, data, storage, monitor }: LoopParts) {
  const codec = tableCodec((table) => Dataset.fromTable(table))
  const newestFrom = (table: Dataset): number => Number(table.column('timestamp').at(table.numRows - 1)) - story.holdoutMs
  return new Pipeline('retrain-bikes', { storage })
    .step('collect', () => labelledSoFar(data, monitor), { codec, description: 'the first months and every row labelled since' })
    .step('older', ({ inputs }) => filter(inputs.collect, (row) => (row.timestamp as number) <= newestFrom(inputs.collect)), {
      needs: ['collect'],
      codec,
    })
    .step('newest', ({ inputs }) => filter(inputs.collect, (row) => (row.timestamp as number) > newestFrom(inputs.collect)), {
      needs: ['collect'],
      codec,
    })
    .step(
      'train',
      ({ inputs, signal, progress: onProgress }) =>
        bikeModel(settings).fitAsync(learnable(inputs.older), { target: story.target, signal, onProgress }),
      { needs: ['older'], codec: modelCodec() },
    )
}

/** What is known by now: the monitor's log holds the inputs as they were sent and the labels as they came. */
function labelledSoFar({ first }: BikeData, monitor: Monitor): Dataset {
  const logged = rename(Dataset.fromTable(monitor.table({ labelled: true, predictionColumn: null })), { actual: story.target })
  return concat([first, select(logged, ['timestamp', ...features, story.target])])
}

function modelCodec(): Codec<FittedModel> {
  const values = valueCodec()
  return {
    encode: (fitted) => values.encode(fitted.pack()),
    decode: async (bytes) => restoreModel((await values.decode(bytes)) as ReturnType<FittedModel['pack']>),
  }
}
