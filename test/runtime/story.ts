/** The same story on every runtime: data, training, tracking, registry, prediction, drift, pipeline. Returns plain figures. */
import {
  chain,
  createHandler,
  createTracker,
  DriftDetector,
  evaluate,
  fingerprint,
  ModelRegistry,
  memoryStorage,
  metricAtLeast,
  oneHotEncoder,
  Pipeline,
  Predictor,
  parseCsv,
  randomForestClassifier,
  readCsv,
  simpleImputer,
  split,
} from 'millwright'

/** What must be equal on every runtime. */
export interface StoryResult {
  readonly fingerprint: string
  readonly metrics: Readonly<Record<string, number>>
  readonly prediction: unknown
  readonly psi: number
  readonly pValue: number
  readonly history: readonly string[]
  readonly logged: number
  readonly httpStatus: number
  readonly pipeline: string
  readonly legacyText: unknown
  /** Of a file that was read on several threads. */
  readonly sliced: string
}

/** Runs the story on the penguins' CSV text. */
export async function story(csv: string): Promise<StoryResult> {
  const penguins = parseCsv(csv)
  const { train, test } = split(penguins, { test: 0.25, stratifyBy: 'species', seed: 7 })
  const model = chain([simpleImputer(), oneHotEncoder(), randomForestClassifier({ nEstimators: 20, seed: 42 })])
  const storage = memoryStorage()
  const tracker = createTracker({ storage })
  const registry = new ModelRegistry({ storage })
  const fitted = model.fit(train, { target: 'species' })
  const metrics = evaluate(fitted, test)

  let runId = ''
  await tracker.run({ experiment: 'runtimes' }, async (run) => {
    runId = run.runId
    run.logParams(model.options)
    for (let step = 0; step < 100; step++) run.logMetric('loss', 1 / (step + 1), { step })
    const version = await registry.register('penguins', fitted, { run, metrics })
    await registry.promote('penguins', version, 'champion', { gates: [metricAtLeast('accuracy', 0.9)] })
  })
  const history = await tracker.metricHistory(runId, 'loss')

  const predictor = await Predictor.load(registry, 'penguins@champion')
  const [answer] = await predictor.predict(test.head(1).toRecords())
  const handler = createHandler(predictor)
  const response = await handler(
    new Request('http://localhost/predict', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ rows: test.head(2).toRecords() }),
    }),
  )

  const report = new DriftDetector({ threshold: 0.05 }).fit(train).detect(test)
  const mass = report.columns.find(({ column }) => column === 'body_mass_g')
  const pipeline = new Pipeline('runtimes')
    .step('one', () => 1)
    .step('two', { needs: ['one'], run: ({ inputs }) => (inputs.one as number) + 1 })
  const { outputs } = await pipeline.run()
  const events = await registry.history('penguins')
  await predictor.close()
  await tracker.close()
  return {
    fingerprint: fingerprint(penguins),
    metrics,
    prediction: { prediction: answer?.prediction, probabilities: answer?.probabilities },
    psi: mass?.psi ?? Number.NaN,
    pValue: mass?.pValue ?? Number.NaN,
    history: events.map(({ kind, version }) => `${kind} ${version}`),
    logged: history.length,
    httpStatus: response.status,
    pipeline: JSON.stringify(outputs),
    legacyText: [
      parseCsv(Uint8Array.of(97, 10, 0x80, 0x92, 10), { encoding: 'windows-1252' }).row(0),
      parseCsv(Uint8Array.of(97, 10, 0x87, 0x40, 0x88, 0x62, 10), { encoding: 'big5' }).row(0),
    ],
    sliced: fingerprint(await readCsv(rows(), { workers: 1 })),
  }
}

/** CSV text of two megabytes. */
function rows(): string {
  return `n,x,name\n${Array.from({ length: 100_000 }, (_, i) => `${i},${i / 8},"name ${i % 100}"\n`).join('')}`
}
