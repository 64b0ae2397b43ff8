/** Models to share traffic among. */
import { type FunctionModel, functionModel, type RowFunction } from '../../../src/adapters/function/function-runtime'
import { Predictor } from '../../../src/predictor'
import type { Prediction } from '../../../src/predictor/prediction'
import type { ServedModel } from '../../../src/predictor/to-predictor'
import type { ModelSignature } from '../../../src/schema/signature'

export const signature: ModelSignature = { inputs: [{ name: 'x', type: 'float64' }], outputs: [{ name: 'y', type: 'string' }] }

/** A classifier that says `yes` from a limit on; `fails` makes it throw. */
export function classifier(limit: number, fails: (x: number) => boolean = () => false): FunctionModel {
  const predict: RowFunction = ({ x }) => {
    if (fails(Number(x))) throw new Error(`no answer for ${x}`)
    const yes = Number(x) >= limit ? 0.9 : 0.2
    return { prediction: yes > 0.5 ? 'yes' : 'no', probabilities: [1 - yes, yes] }
  }
  return functionModel(predict, { name: 'f', signature, classes: ['no', 'yes'] })
}

/** A model of numbers. */
export function regressor(predict: (x: number) => number): FunctionModel {
  return functionModel(({ x }) => predict(Number(x)), { name: 'g', signature: { ...signature, outputs: [{ name: 'y', type: 'float64' }] } })
}

/** The arm that answered. */
export function variantOf({ outputs }: Prediction): unknown {
  return outputs?.variant
}

/** Asks the model behind a predictor once for each unit. */
export async function askUnits(model: ServedModel, units: readonly string[], key = 'user'): Promise<readonly Prediction[]> {
  const predictor = Predictor.of(model as never)
  return predictor.predict(units.map((unit, i) => ({ x: i % 2, [key]: unit })))
}

export const unitsOf = (count: number, prefix = 'u'): string[] => Array.from({ length: count }, (_, i) => `${prefix}${i}`)
