/** The worker: reads the file, trains the forest and writes the ONNX file, so that the page stays free. */
import {
  chain,
  type Dataset,
  dropMissing,
  evaluate,
  type FittedModel,
  fromRows,
  oneHotEncoder,
  randomForestClassifier,
  randomForestRegressor,
  readCsv,
  sample,
  simpleImputer,
  split,
} from 'millwright'
import { inspectOnnx, toOnnx } from 'millwright/onnx'
import type { LoadedModel } from 'millwright/ports'
import { type OnnxLib, onnxModel, onnxRuntime } from 'millwright/runtime/onnx'
import type { Answer, FeatureRow, Field, Question, RowAnswer } from './messages'

const say = (answer: Answer, transfer: Transferable[] = []): void => self.postMessage(answer, { transfer })

let data: Dataset | undefined
let fitted: FittedModel | undefined
let training: AbortController | undefined
/** The model as an ONNX file, opened by onnxruntime-web; `undefined` inside where that is not installed. */
let exported: Promise<LoadedModel | undefined> | undefined

self.onmessage = async ({ data: question }: MessageEvent<Question>) => {
  try {
    if (question.type === 'read') await read(question.file)
    else if (question.type === 'train') await train(question.target, question.nEstimators)
    else if (question.type === 'cancel') training?.abort()
    else if (question.type === 'predict') await predict(question.row)
    else await write()
  } catch (error) {
    if (training?.signal.aborted) say({ type: 'cancelled' })
    else say({ type: 'problem', message: error instanceof Error ? error.message : String(error) })
  }
}

async function read(file: Blob): Promise<void> {
  data = await readCsv(file, { workers: true })
  fitted = undefined
  await closeExported()
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
    workers: true,
    signal: training.signal,
    onProgress: ({ done, total = nEstimators }) => say({ type: 'progress', done, total }),
  })
  await closeExported()
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
    fields: fitted.features.map(fieldOf),
  })
}

/** What the page needs to know to ask for a feature. */
function fieldOf({ name, type, categories = [] }: FittedModel['features'][number]): Field {
  const kind = type === 'string' ? 'text' : type === 'boolean' ? 'boolean' : 'number'
  return { name, kind, values: kind === 'text' && categories.length <= 30 ? categories.map(String) : [] }
}

/** One row, answered by the fitted model and by the ONNX file that `Download` hands out. */
async function predict(row: FeatureRow): Promise<void> {
  if (fitted === undefined) return
  const own = await answerOf('millwright', fitted.open(), row)
  exported ??= openExported(fitted)
  const session = await exported
  const answers = session === undefined ? [own] : [own, await answerOf('its ONNX file, by onnxruntime-web', session, row)]
  const note = session === undefined ? 'To see the ONNX file answer as well: npm install --no-save onnxruntime-web' : ''
  say({ type: 'prediction', answers, note })
}

async function openExported(model: FittedModel): Promise<LoadedModel | undefined> {
  const ort = await import('onnxruntime-web/wasm')
  if (ort.InferenceSession === undefined) return undefined
  const bytes = await toOnnx(model, { verify: false })
  return onnxRuntime({ lib: ort as OnnxLib }).load(onnxModel(bytes).pack())
}

/** The memory of an opened ONNX file is outside JavaScript. Waits for answers under way. */
async function closeExported(): Promise<void> {
  const opened = exported
  exported = undefined
  // Why one could not be opened was said when it was asked for.
  const session = await opened?.catch(() => undefined)
  await session?.dispose()
}

async function answerOf(by: string, model: LoadedModel, row: FeatureRow): Promise<RowAnswer> {
  const types = Object.fromEntries((fitted?.features ?? []).map(({ name, type }) => [name, type === 'int32' ? 'float64' : type]))
  const { predictions, probabilities, classes = [] } = await model.run(fromRows([row], { types }))
  const shares = classes.map((label, i) => ({ label: String(label), share: probabilities?.[i] ?? Number.NaN }))
  const [prediction] = predictions
  return { by, prediction: typeof prediction === 'number' ? String(Number(prediction.toPrecision(6))) : String(prediction), shares }
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
