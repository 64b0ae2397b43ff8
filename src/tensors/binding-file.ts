/** `binding.json`: how the columns of a table and the tensors of a model belong together, stored beside the model. */
import * as z from 'zod/mini'
import { utf8 } from '../core/bytes'
import { parseStored, storedFormat } from '../core/stored'
import type { ModelPackage } from '../ports/model'
import { type ColumnSpec, isTensorSide, type ModelSignature } from '../schema/signature'
import { type BindingHints, columnTypeOf, type ResolvedBinding, type TensorBinding } from './binding'

/** The name of the file. */
export const bindingFile = 'binding.json'

/** The format of `binding.json`. */
const bindingFormat = /* @__PURE__ */ storedFormat((): z.ZodMiniType<TensorBinding> => {
  const name = z.optional(z.string())
  return z.looseObject({
    inputs: z.optional(z.record(z.string(), z.array(z.string()))),
    outputs: z.optional(z.looseObject({ prediction: name, probabilities: name, scores: name, perCall: z.optional(z.array(z.string())) })),
    rowShapes: z.optional(z.record(z.string(), z.array(z.int()))),
  })
})

/** What a package says of its binding: its `binding.json`, its signature's columns, its classes and task. @throws Corrupt */
export function hintsOf({ files, signature, classes, task }: ModelPackage): BindingHints {
  const stored = Object.hasOwn(files, bindingFile) ? parseStored(bindingFormat, files[bindingFile] as Uint8Array, bindingFile) : {}
  return { ...stored, columns: inputColumns(signature), classes, task }
}

/** The bytes of `binding.json`. */
export function writeBinding(
  { inputs, prediction, probabilities, scores, perCall }: ResolvedBinding,
  { rowShapes }: TensorBinding,
): Uint8Array {
  const binding: TensorBinding = {
    inputs: Object.fromEntries(inputs.map(({ name, columns }) => [name, columns])),
    outputs: {
      prediction: prediction?.name,
      probabilities: probabilities?.name,
      scores: scores?.name,
      ...(perCall.length === 0 ? {} : { perCall }),
    },
    ...(rowShapes === undefined ? {} : { rowShapes }),
  }
  return utf8(`${JSON.stringify(binding, undefined, 2)}\n`)
}

/** The columns of a signature; none when its inputs are tensors. */
export function inputColumns({ inputs }: ModelSignature): readonly ColumnSpec[] {
  return isTensorSide(inputs) ? [] : (inputs as readonly ColumnSpec[])
}

/** The signature of columns that a binding amounts to. Columns of floats and strings may be missing. */
export function columnSignature({ inputs, prediction, classes, task }: ResolvedBinding, target: string | undefined): ModelSignature {
  const columns = inputs.flatMap(({ dtype, columns: names }) => names.map((name) => ({ name, ...columnOf(columnTypeOf(dtype)) })))
  const label = classes?.[0]
  const type = prediction?.dtype === undefined ? (typeof label === 'string' ? 'string' : 'float64') : columnTypeOf(prediction.dtype)
  const gives = prediction !== undefined || task === 'classification'
  return { inputs: columns, outputs: gives ? [{ name: target ?? prediction?.name ?? 'prediction', type }] : [] }
}

function columnOf(type: ColumnSpec['type']): Pick<ColumnSpec, 'type' | 'required'> {
  return { type, required: type !== 'float64' && type !== 'string' }
}
