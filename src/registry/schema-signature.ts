/** A model signature from validators that describe themselves as JSON Schema (Standard JSON Schema; zod 4.2 and later does). */
import { invalidArgument, MillwrightError, show } from '../core/errors'
import type { ColumnType } from '../schema/column'
import type { ColumnSpec, ModelSignature } from '../schema/signature'

/** What is needed of a validator: its `~standard.jsonSchema` (https://standardschema.dev/json-schema). */
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
 * The signature of a model whose rows `inputs` and `outputs` validate. Each must be an object of plain columns: numbers are `float64`,
 * integers that fit are `int32`, `date-time` texts and dates are `timestamp`, enums of texts carry their categories; what is optional or nullable is not required.
 *
 * @example
 * const signature = signatureFromSchemas({ inputs: z.object({ dep_delay: z.number().nullable(), carrier: z.enum(['UA', 'DL']) }), outputs: z.object({ late: z.boolean() }) })
 * @throws InvalidArgument for a validator that cannot describe itself; Unsupported for nested and mixed columns
 */
export function signatureFromSchemas(schemas: { readonly inputs: DescribedSchema; readonly outputs: DescribedSchema }): ModelSignature {
  return { inputs: columnsOf(schemas.inputs, 'inputs', 'input'), outputs: columnsOf(schemas.outputs, 'outputs', 'output') }
}

function columnsOf(schema: DescribedSchema, side: string, direction: 'input' | 'output'): ColumnSpec[] {
  const standard = schema?.['~standard']
  if (typeof standard?.jsonSchema?.[direction] !== 'function') {
    throw invalidArgument(`\`${side}\` of signatureFromSchemas must be a validator that gives its JSON Schema, got ${show(schema)}`, {
      hint: 'zod from 4.2 does; with others, write the columns out',
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
  // zod bounds its integers by what a double holds; only bounds within 32 bits make an int32 column.
  if (kind === 'integer')
    return Number(minimum ?? Number.NaN) >= -(2 ** 31) && Number(maximum ?? Number.NaN) < 2 ** 31 ? 'int32' : 'float64'
  if (kind === 'boolean') return 'boolean'
  if (kind === 'string') return format === 'date-time' || format === 'date' ? 'timestamp' : 'string'
  return undefined
}
