/** What a model of tensors says of itself: its inputs and outputs. */
import type { ModelSignature, TensorSpec, TensorType } from '../schema/signature'

/** The evidence that an output holds no probabilities. */
export interface RawScores {
  /** The operator that computes the scores, for messages: "LinearClassifier with post_transform NONE". */
  readonly maker: string
  /** Whether the operator itself says so; otherwise it is concluded from the way the scores are computed. */
  readonly certain: boolean
}

/** An input or output. */
export interface GraphValue {
  readonly name: string
  /** `undefined` for sequences and maps, and for types that this library does not support. */
  readonly dtype: TensorType | undefined
  /** −1 where the size is not fixed. `undefined` when the model does not say. */
  readonly shape: readonly number[] | undefined
  /** Only of outputs: the evidence that they hold scores and not probabilities. */
  readonly rawScores?: RawScores | undefined
  /** Only of outputs: whether the operators that compute them are known to work row by row. */
  readonly rowByRow?: boolean | undefined
}

/** The interface of a model. */
export interface ModelGraph {
  /** What the model is, for messages: `the ONNX model`. */
  readonly subject: string
  /** The function whose options describe such a model, for hints: `onnxModel`. */
  readonly maker: string
  /** The inputs that must be fed; those with a value in the file are left out. */
  readonly inputs: readonly GraphValue[]
  readonly outputs: readonly GraphValue[]
  /** The labels of its classifier, in the order of the scores; `undefined` without a classifier, or with several that differ. */
  readonly classes: readonly (string | number)[] | undefined
}

/** The signature of a model as tensors. Dimensions that the model does not know at all are left out: the shape is `[-1]`. */
export function tensorSignature({ inputs, outputs }: ModelGraph): ModelSignature {
  return { inputs: inputs.flatMap(specOf), outputs: outputs.flatMap(specOf) }
}

function specOf({ name, dtype, shape = [-1] }: GraphValue): TensorSpec[] {
  return dtype === undefined ? [] : [{ name, dtype, shape }]
}
