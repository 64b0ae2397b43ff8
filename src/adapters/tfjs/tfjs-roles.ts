/** What the outputs of a TensorFlow.js model mean. */
import type { ModelPackage } from '../../ports/model'
import type { TensorOutputs } from '../../tensors/binding'
import type { ModelGraph } from '../../tensors/graph'

/**
 * A classifier's only output holds its probabilities, one per class or, of two classes, that of the second. Rows whose values are no probabilities
 * are told apart when the model runs.
 */
export function rolesOf({ outputs }: ModelGraph, { classes }: Pick<ModelPackage, 'classes'>): TensorOutputs | undefined {
  const [only, ...others] = outputs
  return classes === undefined || only === undefined || others.length > 0 ? undefined : { probabilities: only.name }
}
