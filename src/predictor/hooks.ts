/** The functions around the model: before its input is checked, after its answers, and explanations. */
import { MillwrightError } from '../core/errors'
import type { CancelSignal } from '../core/signal'
import type { RowExplainer } from '../ports/model'
import { isTable, type Row, type Table } from '../schema/table'
import type { Answer } from './answers'
import { modelFailure } from './failures'
import type { ModelHandle } from './model-handle'
import type { CallHooks, Prediction } from './prediction'
import { joinWork, type Work } from './work'

/** The call around a hook. */
export interface HookCall {
  readonly numRows: number
  readonly handle: ModelHandle
  readonly signal: CancelSignal | undefined
}

/** The rows that `preprocess` makes of the rows of a call. @throws Internal when it fails or returns another number of rows */
export async function applyPreprocess(
  preprocess: NonNullable<CallHooks['preprocess']>,
  input: readonly Row[] | Table,
  call: HookCall,
): Promise<readonly Row[] | Table> {
  const changed = await guarded('preprocess', call, (options) => preprocess(input, options))
  assertCount('preprocess', call, Array.isArray(changed) ? changed.length : isTable(changed) ? changed.numRows : undefined)
  return changed
}

/** The answers that `postprocess` makes of the answers of a call, with the ids of before. @throws Internal when it fails or returns another number of answers */
export async function applyPostprocess(
  postprocess: NonNullable<CallHooks['postprocess']>,
  predictions: readonly Prediction[],
  call: HookCall,
): Promise<Prediction[]> {
  const changed = await guarded('postprocess', call, (options) => postprocess(predictions, options))
  assertCount('postprocess', call, Array.isArray(changed) ? changed.length : undefined)
  return changed.map((prediction, row) => ({ ...prediction, id: (predictions[row] as Prediction).id }))
}

/** What explains the answers: the predictor's explainer, else the model's. @throws Unsupported when there is neither */
export function explainerOf({ model, name, version }: ModelHandle, given: RowExplainer | undefined): RowExplainer {
  const explain = given ?? model.explain
  if (explain !== undefined) return explain
  throw new MillwrightError('Unsupported', `${name}@${version} cannot explain its predictions`, {
    hint: 'make the predictor with `explain: shapExplainer(fitted, { background: train })`',
  })
}

/** The answers with an explanation each. @throws Unsupported when neither the model nor the predictor can explain */
export async function explainAnswers(answers: readonly Answer[], work: Work, given: RowExplainer | undefined): Promise<readonly Answer[]> {
  const explain = explainerOf(work.handle, given)
  const call = { numRows: answers.length, handle: work.handle, signal: undefined }
  const predictions = answers.map(({ prediction }) => prediction)
  const outputs = answers.map((answer) => answer.outputs)
  const explanations = await guarded('explain', call, () => explain(joinWork([work]), predictions, outputs))
  assertCount('explain', call, explanations.length)
  return answers.map((answer, row) => ({ ...answer, explanation: explanations[row] }))
}

/** What a hook returns; an error of its own becomes one of the predictor. */
async function guarded<T>(
  hook: string,
  { handle, numRows, signal }: HookCall,
  run: (options: { readonly model: string; readonly version: string; readonly signal: CancelSignal | undefined }) => T,
): Promise<Awaited<T>> {
  const { name: model, version } = handle
  try {
    return await run({ model, version, signal })
  } catch (error) {
    throw modelFailure(error, `\`${hook}\` of ${model}@${version}`, numRows, signal)
  }
}

function assertCount(hook: string, { handle: { name, version }, numRows }: HookCall, count: number | undefined): void {
  if (count === numRows) return
  throw new MillwrightError(
    'Internal',
    `\`${hook}\` of ${name}@${version} must return ${numRows} rows, as many as it got, it returned ${count ?? 'none'}`,
  )
}
