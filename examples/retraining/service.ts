/** The service that is killed: it answers, learns the truth a day later, watches itself, retrains, tries the challenger, and remembers where it was. */
import {
  canaryOutcome,
  chain,
  Dataset,
  defaultRuntimes,
  type FittedModel,
  filter,
  ModelRegistry,
  Monitor,
  metricAtLeast,
  type ObjectStore,
  oneHotEncoder,
  Pipeline,
  Predictor,
  type Row,
  randomForestClassifier,
  restoreModel,
  retrainOn,
  select,
} from 'millwright'
import { modelCodec, tableCodec } from 'millwright/pipeline'
import type { CanaryTrialRequest } from 'millwright/retraining'
import { type Canary, createCanary, outcomeCheck } from 'millwright/traffic'
import { begin, dayMs, end, features, loadBikes, target } from './data'

/** What survives the process, beside what the library keeps. */
interface Position {
  readonly day: number
}

/** Lives until the year is over, or until it is killed. Each line that it prints is an event. */
export async function serveTheYear(storage: ObjectStore): Promise<void> {
  const data = await loadBikes()
  const registry = new ModelRegistry({ storage })
  const say = (day: number, what: string): void => console.log(`${new Date(day).toISOString().slice(0, 10)}  ${what}`)
  if ((await registry.listModels()).length === 0) {
    const fitted = forest().fit(learnable(data.first), { target })
    await registry.promote('bikes', await registry.register('bikes', fitted, { example: learnable(data.first).head(3) }), 'champion')
    say(begin, `the first champion learned from ${data.first.numRows} hours of winter`)
  }
  let now = await readPosition(storage)
  const clock = { now: () => now, schedule: (callback: () => void, ms: number) => stoppable(setTimeout(callback, ms)) }
  const rule = {
    name: 'accuracy',
    kind: 'performance',
    metric: 'accuracy',
    below: 0.8,
    window: { lastMs: 10 * dayMs },
    minRows: 150,
  } as const
  const monitor = await Monitor.open({
    name: 'bikes',
    storage,
    clock,
    rules: [rule],
    types: { timestamp: 'timestamp' },
    eventTime: 'timestamp',
  })
  let live = await Predictor.load(registry, 'bikes@champion')
  let watching = monitor.watch(live)
  let canary: Canary | undefined
  const answerWith = (next: Predictor): void => {
    watching()
    live = next
    watching = monitor.watch(next)
  }

  const tables = tableCodec((table) => Dataset.fromTable(table))
  const pipeline = new Pipeline<number>('retrain-bikes', { storage, leaseMs: 1000, input: Number })
    .step('collect', ({ input }) => data.before(input), { codec: tables })
    .step('older', {
      needs: ['collect'],
      codec: tables,
      run: ({ inputs, input }) => filter(inputs.collect, ({ timestamp }) => Number(timestamp) < input - 14 * dayMs),
    })
    .step('newest', {
      needs: ['collect'],
      codec: tables,
      run: ({ inputs, input }) => filter(inputs.collect, ({ timestamp }) => Number(timestamp) >= input - 14 * dayMs),
    })
    .step('train', {
      needs: ['older'],
      codec: modelCodec<FittedModel>(restoreModel),
      run: async ({ inputs, signal, log }) => {
        log(`training on ${inputs.older.numRows} hours`)
        await new Promise((resolve) => setTimeout(resolve, 300))
        return forest().fitAsync(learnable(inputs.older), { target, signal })
      },
    })
  pipeline.on('step-log', ({ message }) => say(now, `  ${message}`))
  pipeline.on('step-end', ({ step, result: { restored, status } }) => say(now, `  step ${step}: ${restored ? 'restored' : status}`))

  const tryOut = async ({ champion, challenger, signal }: CanaryTrialRequest): Promise<{ passed: boolean; summary: string }> => {
    const [stable, candidate] = [await Predictor.load(registry, `bikes@${champion}`), await Predictor.load(registry, `bikes@${challenger}`)]
    canary = await createCanary({
      ...{ name: `bikes-${challenger}`, stable, candidate, storage, everyMs: 20 },
      steps: [0.2, 0.5].map((weight) => ({ weight, minRows: 60 })),
      checks: [outcomeCheck({ metric: 'correct', margin: 0.05 })],
    })
    canary.on('step', ({ weight, phase, reason }) => say(now, `  canary ${phase} at ${Math.round(100 * weight)} %: ${reason}`))
    say(now, `  canary: version ${challenger} beside ${champion}, ${Math.round(100 * canary.status().weight)} % of the hours`)
    answerWith(Predictor.of(canary, { name: 'bikes', version: `${champion}+${challenger}` }))
    return canaryOutcome(canary, { signal })
  }
  const loop = retrainOn(monitor, pipeline, {
    ...{ registry, storage, model: 'bikes', runtimes: await defaultRuntimes(), metric: 'accuracy', margin: 0.01, leaseMs: 1000 },
    ...{ coolDownMs: 21 * dayMs, budget: { retrainings: 6, perMs: 365 * dayMs }, gates: [metricAtLeast('accuracy', 0.75)] },
    run: ({ trigger }) => ({ input: trigger.at }),
    challenger: ({ outputs: { train, newest } }) => {
      if (train === undefined || newest === undefined) throw new Error('the pipeline gave no model')
      return { model: train, holdout: learnable(newest), example: learnable(newest).head(3) }
    },
    canary: tryOut,
  })
  loop.on('retraining-start', ({ id, trigger, resumed }) =>
    say(now, `${resumed ? 'goes on with' : 'begins'} retraining ${id.slice(0, 6)}: ${trigger.summary}`),
  )
  loop.on('error', (error) => say(now, `error: ${(error as Error).message}`))
  loop.on('retraining-end', async ({ outcome, summary }) => say(now, `${outcome}: ${summary}`))

  // After a restart: the lease of the process that died ends within a second, and what it left goes on.
  if (now > begin) await pause(1300)
  for (; now < end; now += dayMs) {
    const rows = data.day(now)
    await answer(rows, live, monitor, canary)
    await monitor.flush()
    await storage.put('position.json', new TextEncoder().encode(JSON.stringify({ day: now + dayMs } satisfies Position)))
    monitor.check(now + dayMs)
    if (new Date(now + dayMs).getUTCDate() === 1) {
      const { value, labelled } = monitor.performance({ metric: 'accuracy', window: { lastMs: 30 * dayMs, endAt: now + dayMs } })
      say(now, `accuracy of the month ${value.toFixed(3)} over ${labelled} hours`)
    }
    // Traffic goes on while a canary needs it; a training is waited for, so that the story is the same at any speed of the machine.
    while (loop.running && (canary === undefined || canary.status().phase !== 'running')) await pause(20)
    if (loop.running) await pause(30)
    else if (canary !== undefined) {
      canary = undefined
      answerWith(await Predictor.load(registry, 'bikes@champion'))
    }
  }
  await loop.close()
  await monitor.close()
  console.log('the year is over')
}

/** Answers the hours of a day, and tells monitor and canary the truth. */
async function answer(rows: Dataset, live: Predictor, monitor: Monitor, canary: Canary | undefined): Promise<void> {
  const records = rows.toRecords() as Row[]
  if (records.length === 0) return
  const given = records.map(({ [target]: _, ...row }) => row)
  const answers = await live.predict(given)
  for (const [i, { id, prediction, outputs }] of answers.entries()) {
    const actual = records[i]?.[target] as boolean
    monitor.label(id, actual)
    const variant = outputs?.variant
    if (typeof variant === 'string') canary?.record(variant, 'correct', prediction === actual)
  }
}

function forest() {
  return chain([oneHotEncoder(), randomForestClassifier({ nEstimators: 30, maxDepth: 8, seed: 1 })])
}

function learnable(data: Dataset): Dataset {
  return select(data, [...features, target])
}

async function readPosition(storage: ObjectStore): Promise<number> {
  if ((await storage.head('position.json')) === undefined) return begin
  return (JSON.parse(new TextDecoder().decode(await storage.get('position.json'))) as Position).day
}

function stoppable(timer: ReturnType<typeof setTimeout>): () => void {
  timer.unref()
  return () => clearTimeout(timer)
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
