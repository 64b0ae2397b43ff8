/** What a pipeline knows of its parameters before a run: their schema. Apart from `params.ts`, so that a bundle that defines a pipeline is small. */
import type { RowSchema } from '../schema/row-schema'

/** A schema of parameters: of zod, or another one of the Standard Schema convention. */
export type ParamsSchema<Params> = RowSchema<Params>

/** Whether a value is a schema. */
export function isParamsSchema(value: unknown): boolean {
  return typeof (value as Partial<ParamsSchema<unknown>> | null | undefined)?.['~standard']?.validate === 'function'
}

/** Names of the parameters of an object schema of zod; undefined for schemas that do not tell. */
export function paramNames(schema: ParamsSchema<unknown> | undefined): readonly string[] | undefined {
  if (schema === undefined) return []
  const { shape } = schema as { readonly shape?: unknown }
  const known = shape ?? (schema as { readonly _zod?: { readonly def?: { readonly shape?: unknown } } })._zod?.def?.shape
  return typeof known === 'object' && known !== null ? Object.keys(known) : undefined
}
