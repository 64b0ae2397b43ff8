/** A model signature from validators that can give their JSON Schema (Standard JSON Schema; zod from 4.2). */
import { invalidArgument, MillwrightError, show } from '../core/errors'
import type { ColumnType } from '../schema/column'
import type { ColumnSpec, ModelSignature } from '../schema/signature'

/** The part of a validator that is used: `~standard.jsonSchema` (https://standardschema.dev/json-schema). */
export interface DescribedSchema {
  readonly '~standard': {
    readonly vendor?: string | undefined
    readonly jsonSchema?:
      | {
          readonly input: (options: { readonly target: 'draft-2020-12' }) => unknown
          readonly output: (options: { readonly target: 'draft-2020-12' }) => unknown
        }
      | undefined
  }
}

type JsonSchema = Readonly<Record<string, unknown>>

/**
 * The signature of a model whose input rows `inputs` validates, and whose output rows `outputs` validates. Each must describe an object of
 * simple columns. Numbers are `float64`, integers within 32 bits `int32`, dates and `date-time` texts `timestamp`, and enums of texts are
 * strings with categories. Optional and nullable columns are not required.
 *
 * @example
 * const signature = signatureFromSchemas({ inputs: z.object({ dep_delay: z.number().nullable(), carrier: z.enum(['UA', 'DL']) }), outputs: z.object({ late: z.boolean() }) })
 * @throws InvalidArgument for a validator without a JSON Schema; Unsupported for nested and mixed columns
 */
export function signatureFromSchemas(schemas: { readonly inputs: DescribedSchema; readonly outputs: DescribedSchema }): ModelSignature {
  return { inputs: columnsOf(schemas.inputs, 'inputs', 'input'), outputs: columnsOf(schemas.outputs, 'outputs', 'output') }
}

function columnsOf(schema: DescribedSchema, side: string, direction: 'input' | 'output'): ColumnSpec[] {
  const standard = schema?.['~standard']
  if (typeof standard?.jsonSchema?.[direction] !== 'function') {
    throw invalidArgument(`\`${side}\` of signatureFromSchemas must be a validator that gives its JSON Schema, got ${show(schema)}`, {
      hint: 'use zod from 4.2, or write the signature yourself',
    })
  }
  const { type, properties, required } = standard.jsonSchema[direction]({ target: 'draft-2020-12' }) as JsonSchema
  if (type !== 'object' || typeof properties !== 'object' || properties === null) {
    throw invalidArgument(`\`${side}\` of signatureFromSchemas must describe an object of columns, got the type ${show(type)}`)
  }
  const needed = Array.isArray(required) ? (required as unknown[]) : []
  return Object.entries(properties as Record<string, JsonSchema>).map(([name, described]) =>
    columnOf(name, described, needed.includes(name)),
  )
}

function columnOf(name: string, described: JsonSchema, isNeeded: boolean): ColumnSpec {
  const either = Array.isArray(described.anyOf) ? (described.anyOf as JsonSchema[]) : [described]
  const types = either.flatMap((one) => (Array.isArray(one.type) ? (one.type as unknown[]) : [one.type]))
  const kinds = [...new Set(types.filter((type) => type !== 'null'))]
  const plain = either.find((one) => one.type !== 'null') ?? described
  const type = kinds.length === 1 ? columnTypeOf(kinds[0], plain) : undefined
  if (type === undefined) {
    const said = kinds.map(String).join(' or ')
    throw new MillwrightError('Unsupported', `the column ${show(name)} is ${said}; a signature holds numbers, texts, booleans and times`)
  }
  const values = Array.isArray(plain.enum) ? plain.enum.filter((value): value is string => typeof value === 'string') : []
  return {
    name,
    type,
    required: isNeeded && !types.includes('null'),
    ...(type === 'string' && values.length > 0 ? { categories: values } : {}),
  }
}

function columnTypeOf(kind: unknown, { format, minimum, maximum }: JsonSchema): ColumnType | undefined {
  if (kind === 'number') return 'float64'
  // zod's integers have the bounds of safe integers. Only bounds within 32 bits make an int32 column.
  if (kind === 'integer')
    return Number(minimum ?? Number.NaN) >= -(2 ** 31) && Number(maximum ?? Number.NaN) < 2 ** 31 ? 'int32' : 'float64'
  if (kind === 'boolean') return 'boolean'
  if (kind === 'string') return format === 'date-time' || format === 'date' ? 'timestamp' : 'string'
  return undefined
}
