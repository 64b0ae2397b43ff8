/** What transformers have learned, as stored: zod schemas. Each state is plain numbers, text and lists; docs/concepts/transformers.md tells what they mean. */
import * as z from 'zod/mini'
import { datePartNames } from './date-part-names'
import { numberFunctions } from './number-functions'

/** What a transformer has learned, as stored. */
export type StoredTransformer = StoredStep | StoredColumns
/** The stored state of one kind of transformer. */
export type StateOf<K extends StoredTransformer['kind']> = Extract<StoredTransformer, { readonly kind: K }>

/** A transformer that holds no others. */
type StoredStep = z.infer<ReturnType<typeof step>>

/** The stored state of `columns`. */
interface StoredColumns {
  readonly kind: 'columns'
  readonly routes: readonly {
    readonly name: string
    readonly columns: string[]
    readonly steps: readonly StoredTransformer[]
    readonly prefix: string
  }[]
  readonly target?: string | undefined
}

/** `columns` within `columns` within … is read to this depth. */
const MAX_DEPTH = 20

/** The format of a transformer's state. */
export function storedTransformer(depth = 0): z.ZodMiniType<StoredTransformer> {
  if (depth >= MAX_DEPTH) return step()
  const columns = z.looseObject({
    kind: z.literal('columns'),
    routes: z.array(
      z.looseObject({
        name: z.string(),
        columns: names(),
        steps: z.array(z.lazy(() => storedTransformer(depth + 1))),
        prefix: z.string(),
      }),
    ),
    target: z.optional(z.string()),
  })
  return z.discriminatedUnion('kind', [...options(), columns]) as z.ZodMiniType<StoredTransformer>
}

function step() {
  return z.discriminatedUnion('kind', options())
}

function options() {
  return [
    ...([imputer(), ...scalers(), ...encoders(), ...makers(), hashingVectorizer(), featureHasher()] as const),
    z.looseObject({ kind: z.literal('selectColumns'), names: names(), target: z.optional(z.string()) }),
  ] as const
}

function names() {
  return z.array(z.string())
}

function place() {
  return z.int().check(z.gte(0))
}

/** `null` is the category of missing cells. */
function categories() {
  return z.array(z.nullable(z.string()))
}

function imputer() {
  const name = z.string()
  const indicator = z.optional(z.union([z.boolean(), z.string()]))
  const filling = z.discriminatedUnion('kind', [
    z.looseObject({ name, kind: z.literal('numbers'), fill: z.number(), indicator }),
    z.looseObject({ name, kind: z.literal('text'), fill: z.string(), indicator }),
    z.looseObject({ name, kind: z.literal('boolean'), fill: z.boolean(), indicator }),
  ])
  return z.looseObject({ kind: z.literal('simpleImputer'), columns: z.array(filling) })
}

function scalers() {
  const name = z.string()
  const number = z.number()
  return [
    z.looseObject({ kind: z.literal('standardScaler'), columns: z.array(z.looseObject({ name, mean: number, scale: number })) }),
    z.looseObject({
      kind: z.literal('minMaxScaler'),
      columns: z.array(z.looseObject({ name, scale: number, shift: number })),
      clip: z.optional(z.tuple([number, number])),
    }),
    z.looseObject({ kind: z.literal('robustScaler'), columns: z.array(z.looseObject({ name, center: number, scale: number })) }),
    z.looseObject({
      kind: z.literal('powerTransformer'),
      method: z.enum(['yeoJohnson', 'boxCox']),
      columns: z.array(z.looseObject({ name, lambda: number, mean: number, scale: number })),
    }),
  ] as const
}

function encoders() {
  const name = z.string()
  const number = z.optional(z.number())
  return [
    z.looseObject({
      kind: z.literal('oneHotEncoder'),
      handleUnknown: z.enum(['ignore', 'error', 'infrequentIfExist']),
      handleMissing: z.optional(z.enum(['zeros', 'category'])),
      columns: z.array(
        z.looseObject({
          name,
          categories: categories(),
          outputs: z.optional(names()),
          infrequent: z.optional(categories()),
          dropped: z.optional(z.union([z.string(), categories()])),
        }),
      ),
    }),
    z.looseObject({
      kind: z.literal('ordinalEncoder'),
      handleUnknown: z.enum(['missing', 'error']),
      unknownValue: number,
      encodedMissingValue: number,
      columns: z.array(z.looseObject({ name, categories: names(), infrequent: z.optional(names()) })),
    }),
    z.looseObject({
      kind: z.literal('targetEncoder'),
      targetType: z.enum(['continuous', 'binary', 'multiclass']),
      targetMean: z.array(z.number()),
      columns: z.array(z.looseObject({ name, categories: categories(), outputs: names(), encodings: z.array(z.array(z.number())) })),
    }),
  ] as const
}

function makers() {
  const name = z.string()
  return [
    z.looseObject({
      kind: z.literal('kBinsDiscretizer'),
      encode: z.enum(['onehot', 'ordinal']),
      columns: z.array(z.looseObject({ name, edges: z.array(z.number()), outputs: names() })),
    }),
    z.looseObject({
      kind: z.literal('dateParts'),
      parts: z.array(z.enum(datePartNames)),
      cyclic: z.boolean(),
      columns: z.array(z.looseObject({ name, outputs: names() })),
    }),
    z.looseObject({
      kind: z.literal('polynomialFeatures'),
      columns: names(),
      terms: z.array(z.array(place()).check(z.maxLength(100))),
      outputs: names(),
    }),
    z.looseObject({
      kind: z.literal('functionTransformer'),
      function: z.optional(z.enum(Object.keys(numberFunctions()))),
      name: z.optional(z.string()),
      columns: names(),
      outputs: z.optional(names()),
    }),
  ] as const
}

function hashingVectorizer() {
  const parts = z.int().check(z.gte(1), z.lte(100))
  return z.looseObject({
    kind: z.literal('hashingVectorizer'),
    analyzer: z.enum(['word', 'char', 'charWb']),
    ngramRange: z.tuple([parts, parts]),
    lowercase: z.boolean(),
    stopWords: names(),
    binary: z.boolean(),
    norm: z.enum(['l1', 'l2', 'none']),
    alternateSign: z.boolean(),
    nFeatures: width(),
    columns: z.array(z.looseObject({ name: z.string() })),
  })
}

function featureHasher() {
  return z.looseObject({
    kind: z.literal('featureHasher'),
    alternateSign: z.boolean(),
    columns: z.array(z.looseObject({ name: z.string(), holds: z.enum(['text', 'numbers']) })),
    nFeatures: width(),
    prefix: z.string(),
  })
}

/** As many columns as hashing may give. */
function width() {
  return z.int().check(z.gte(1), z.lte(65_536))
}
