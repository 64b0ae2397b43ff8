/** The worker: reads the file, trains the forest and writes the ONNX file, so that the page stays free. */
import {
  chain,
  type Dataset,
  dropMissing,
  evaluate,
  type FittedModel,
  oneHotEncoder,
  randomForestClassifier,
  randomForestRegressor,
  readCsv,
  sample,
  simpleImputer,
  split,
} from 'millwright'
import { inspectOnnx, toOnnx } from 'millwright/onnx'
import type { Answer, Question } from './messages'

const say = (answer: Answer, transfer: Transferable[] = []): void => self.postMessage(answer, { transfer })

let data: Dataset | undefined
let fitted: FittedModel | undefined
let training: AbortController | undefined

self.onmessage = async ({ data: question }: MessageEvent<Question>) => {
  try {
    if (question.type === 'read') await read(question.file)
    else if (question.type === 'train') await train(question.target, question.nEstimators)
    else if (question.type === 'cancel') training?.abort()
    else await write()
  } catch (error) {
    if (training?.signal.aborted) say({ type: 'cancelled' })
    else say({ type: 'problem', message: error instanceof Error ? error.message : String(error) })
  }
}

async function read(file: Blob): Promise<void> {
  data = await readCsv(file, { workers: true })
  fitted = undefined
  say({ type: 'data', numRows: data.numRows, columns: data.schema.map(({ name, type }) => ({ name, type })) })
}

async function train(target: string, nEstimators: number): Promise<void> {
  if (data === undefined) return
  training = new AbortController()
  const started = performance.now()
  const isNumber = data.column(target).type === 'float64' || data.column(target).type === 'int32'
  const known = dropMissing(data, { columns: [target] })
  const parts = split(known, isNumber ? { test: 0.25, seed: 7 } : { test: 0.25, stratifyBy: target, seed: 7 })
  const forest = isNumber ? randomForestRegressor({ nEstimators, seed: 42 }) : randomForestClassifier({ nEstimators, seed: 42 })
  fitted = await chain([simpleImputer(), oneHotEncoder({ handleUnknown: 'ignore' }), forest]).fitAsync(parts.train, {
    target,
    signal: training.signal,
    onProgress: ({ done, total = nEstimators }) => say({ type: 'progress', done, total }),
  })
  const metrics = evaluate(fitted, parts.test)
  const metric = isNumber ? 'r2' : 'accuracy'
  const shown = sample(parts.test, { n: Math.min(6, parts.test.numRows), seed: 1 })
  const predicted = fitted.predict(shown)
  say({
    type: 'model',
    metric,
    value: metrics[metric] ?? Number.NaN,
    seconds: (performance.now() - started) / 1000,
    importance: fitted.featureImportance().slice(0, 10),
    examples: shown.toRecords().map((row, i) => ({ row, actual: String(row[target]), predicted: String(predicted[i]) })),
  })
}

/** The whole chain as a file. To have it checked against the model before it is handed out, give `lib: ort` (onnxruntime-web) in place of `verify: false`. */
async function write(): Promise<void> {
  if (fitted === undefined) return
  const bytes = new Uint8Array(await toOnnx(fitted, { verify: false }))
  const { inputs, outputs, ops } = inspectOnnx(bytes)
  const nodes = ops.reduce((sum, { count }) => sum + count, 0)
  const summary = `${(bytes.length / 1024).toFixed(0)} kB: ${inputs.length} inputs, ${nodes} nodes, ${outputs.map(({ name }) => name).join(' and ')}`
  say({ type: 'onnx', bytes, summary }, [bytes.buffer])
}
