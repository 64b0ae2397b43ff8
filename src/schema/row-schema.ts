/** Schemas of rows: any object of the Standard Schema convention, and what a zod schema says about each column. */
import { invalidArgument, show } from '../core/errors'
import type { ColumnType } from './cell-types'
import type { RowFrom } from './row-types'

/** What a schema found: a value, or issues. */
export type SchemaResult<Output> = { readonly value: Output; readonly issues?: undefined } | { readonly issues: readonly SchemaIssue[] }

/** One issue of a schema. */
export interface SchemaIssue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

/** A schema of the Standard Schema convention (standardschema.dev): a schema of zod, valibot, arktype and others. */
export interface RowSchema<Output = unknown> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined
  }
}

/** The row of a dataset that keeps a schema: a date is epoch milliseconds, an absent member is `null`. */
export type RowOfSchema<S extends RowSchema> = RowFrom<NonNullable<S['~standard']['types']>['output']>

/** What a zod schema says about one column. */
export interface Field {
  /** The type of the column, where the schema says just one. */
  readonly type: ColumnType | undefined
  /** Of numbers: only whole ones. */
  readonly whole: boolean
  /** How a missing cell is put to the schema; absent where none is allowed. */
  readonly missing: 'null' | 'absent' | undefined
}

/** The columns of a zod object schema. */
export interface Fields {
  readonly byName: ReadonlyMap<string, Field>
  /** Columns that the schema does not name are dropped, kept, or refused. */
  readonly others: 'drop' | 'keep' | 'refuse'
}

/** @throws InvalidArgument for what is no schema */
export function assertRowSchema(schema: unknown, operation: string): asserts schema is RowSchema {
  const standard = (schema as Partial<RowSchema> | null | undefined)?.['~standard']
  if (typeof standard?.validate === 'function') return
  throw invalidArgument(`\`schema\` of ${operation} must be a zod schema of a row, or another Standard Schema, got ${show(schema)}`, {
    hint: 'z.object({ carrier: z.string(), delay: z.number().nullable() })',
  })
}

/** The columns that a zod object schema names; `undefined` for other schemas, which say nothing before they see a row. */
export function fieldsOf(schema: RowSchema): Fields | undefined {
  const def = defOf(schema)
  if (def?.type !== 'object' || def.shape === undefined) return undefined
  const others = def.catchall === undefined ? 'drop' : defOf(def.catchall)?.type === 'never' ? 'refuse' : 'keep'
  return { byName: new Map(Object.entries(def.shape).map(([name, field]) => [name, fieldOf(field)])), others }
}

/** The parts of zod's definitions that are read here (zod 4, `schema._zod.def`). */
interface ZodDef {
  readonly type: string
  readonly format?: string
  readonly checks?: readonly { readonly _zod?: { readonly def?: { readonly format?: string } } }[]
  readonly shape?: Readonly<Record<string, unknown>>
  readonly catchall?: unknown
  readonly innerType?: unknown
  readonly in?: unknown
  readonly options?: readonly unknown[]
  readonly values?: readonly unknown[]
  readonly entries?: Readonly<Record<string, unknown>>
}

function defOf(schema: unknown): ZodDef | undefined {
  return (schema as { readonly _zod?: { readonly def?: ZodDef } } | null | undefined)?._zod?.def
}

/** Kinds of values that a field takes: those of `typeof`, and `int`, `date`, `null`, `undefined`, `other`. */
function kindsOf(schema: unknown): string[] {
  const def = defOf(schema)
  switch (def?.type) {
    case 'number':
      return [isWhole(def) ? 'int' : 'number']
    case 'string':
    case 'boolean':
    case 'date':
    case 'null':
    case 'undefined':
      return [def.type]
    case 'template_literal':
      return ['string']
    case 'optional':
    case 'default':
    case 'prefault':
      return [...kindsOf(def.innerType), 'undefined']
    case 'nullable':
      return [...kindsOf(def.innerType), 'null']
    case 'readonly':
    case 'catch':
      return kindsOf(def.innerType)
    case 'nonoptional':
      return kindsOf(def.innerType).filter((kind) => kind !== 'undefined')
    case 'pipe':
      return kindsOf(def.in)
    case 'union':
      return (def.options ?? []).flatMap(kindsOf)
    case 'literal':
      return (def.values ?? []).map(kindOfValue)
    case 'enum':
      return Object.values(def.entries ?? {}).map(kindOfValue)
    default:
      return ['other']
  }
}

function kindOfValue(value: unknown): string {
  if (value === null) return 'null'
  return typeof value === 'number' && Number.isInteger(value) ? 'int' : typeof value
}

function isWhole({ format, checks }: ZodDef): boolean {
  const formats = [format, ...(checks ?? []).map((check) => check._zod?.def?.format)]
  return formats.some((name) => name !== undefined && /int/.test(name))
}

function fieldOf(schema: unknown): Field {
  const kinds = new Set(kindsOf(schema))
  const missing = kinds.has('null') ? 'null' : kinds.has('undefined') ? 'absent' : undefined
  const present = [...kinds].filter((kind) => kind !== 'null' && kind !== 'undefined')
  const whole = present.length === 1 && present[0] === 'int'
  const types = new Set(present.map((kind) => columnTypeOf[kind]))
  return { type: types.size === 1 ? [...types][0] : undefined, whole, missing }
}

const columnTypeOf: Readonly<Record<string, ColumnType | undefined>> = {
  number: 'float64',
  int: 'float64',
  string: 'string',
  boolean: 'boolean',
  date: 'timestamp',
}
