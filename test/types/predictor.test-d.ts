/** The label types that flow through a predictor. Checked by `tsc`, never run. */
import { type FunctionModel, functionModel } from '../../src/adapters/function/function-runtime'
import type { LoadedModel } from '../../src/ports/model'
import { type PredictedLabel, Predictor } from '../../src/predictor'
import { createHandler } from '../../src/serve'
import { Predictor as Wired } from '../../src/wiring/predictor'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
function same<A, B>(_: Equal<A, B>): void {}

/** A fitted model whose type knows its labels. */
interface Typed {
  open(): LoadedModel
  predict(data: readonly object[]): ('UA' | 'DL')[]
}

export async function check(typed: Typed, untyped: FunctionModel): Promise<void> {
  const predictor = Predictor.of(typed)
  const [answer] = await predictor.predict([{}])
  same<NonNullable<typeof answer>['prediction'], 'UA' | 'DL'>(true)
  same<Awaited<ReturnType<typeof predictor.predictOne>>['prediction'], 'UA' | 'DL'>(true)
  const wired = await Wired.of(typed).predictOne({})
  same<(typeof wired)['prediction'], 'UA' | 'DL'>(true)
  const loose = await Predictor.of(untyped).predictOne({})
  same<(typeof loose)['prediction'], PredictedLabel>(true)
  // A predictor of known labels is a predictor.
  const any: Predictor = predictor
  createHandler(any)
  createHandler(predictor)
  createHandler({ models: { typed, predictor } })
  createHandler(functionModel(() => 1, { name: 'one', signature: { inputs: [], outputs: [] } }))
  // @ts-expect-error a promise of a model is no model
  Predictor.of(Promise.resolve(typed))
}
