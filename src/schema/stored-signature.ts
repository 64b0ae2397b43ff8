/** The model signature in stored documents, as zod schemas. */
import * as z from 'zod/mini'
import { columnTypes } from './column'
import { type ColumnSpec, type ModelSignature, type TensorType, tensorTypes } from './signature'

/** A column of a stored signature. */
export function storedColumnSpec(): z.ZodMiniType<ColumnSpec> {
  return z.looseObject({
    name: z.string(),
    type: z.enum(columnTypes),
    required: z.optional(z.boolean()),
    categories: z.optional(z.array(z.string())),
  })
}

/** A stored signature: each side is made of columns, or of tensors. */
export function storedSignature(): z.ZodMiniType<ModelSignature> {
  const tensor = z.looseObject({ name: z.string(), dtype: z.enum(tensorTypes as readonly TensorType[]), shape: z.array(z.int()) })
  const side = z.union([z.array(storedColumnSpec()), z.array(tensor)])
  return z.looseObject({ inputs: side, outputs: side })
}
