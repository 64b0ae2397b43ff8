/** Explains answers that were given before, without predicting again. */
import { invalidArgument, isMillwrightError, MillwrightError, show } from '../core/errors'
import type { Explanation } from '../ports/model'
import type { Row, Table } from '../schema/table'
import { applyPreprocess, explainAnswers, explainerOf } from './hooks'
import { createIssueLog } from './input-check'
import type { ModelHandle } from './model-handle'
import { assertCall, type Settings } from './options'
import type { Prediction } from './prediction'
import { readInput } from './work'

/** What is explained of an answer. */
type GivenAnswer = Pick<Prediction, 'prediction' | 'outputs'>

/** One explanation for each answer. @throws as `Predictor.explain` */
export async function explainGiven(
  input: readonly Row[] | Table,
  answers: readonly GivenAnswer[],
  { handle, settings }: { readonly handle: ModelHandle; readonly settings: Settings },
): Promise<readonly (Explanation | undefined)[]> {
  const { preprocess, postprocess, explain } = settings.hooks
  const subject = `${handle.name}@${handle.version}`
  const numRows = assertCall(input, {}, settings, subject)
  assertAnswers(answers, numRows, subject)
  explainerOf(handle, explain)
  if (postprocess !== undefined) {
    throw new MillwrightError(
      'Unsupported',
      `${subject} cannot explain answers that it gave before: its \`postprocess\` has changed them`,
      {
        hint: 'ask for the explanations with the answers: `predict(rows, { explain: true })`',
      },
    )
  }
  const rows = preprocess === undefined ? input : await applyPreprocess(preprocess, input, { numRows, handle, signal: undefined })
  const problems = createIssueLog()
  const work = readInput(rows, handle, settings.input, problems)
  if (problems.count > 0) throw problems.toError(subject, numRows)
  try {
    const explained = await explainAnswers(answers, work, explain)
    return explained.map(({ explanation }) => explanation)
  } catch (error) {
    // The answers are the caller's: an explainer that refuses them has not failed.
    const cause = error instanceof Error ? error.cause : undefined
    throw isMillwrightError(cause, 'InvalidArgument') ? cause : error
  }
}

function assertAnswers(answers: readonly GivenAnswer[], numRows: number, subject: string): void {
  const what = `explain of ${subject} needs the answers to the rows, as \`predict\` gave them`
  if (!Array.isArray(answers)) throw invalidArgument(`${what}: an array, got ${show(answers)}`)
  if (answers.length !== numRows) throw invalidArgument(`${what}: one for each of the ${numRows} rows, got ${answers.length}`)
  const at = answers.findIndex((answer) => typeof answer !== 'object' || answer === null || answer.prediction === undefined)
  if (at >= 0) throw invalidArgument(`${what}: objects with \`prediction\`, got ${show(answers[at])} at ${at}`)
}
