/** The formats of the parts of a stored model, as zod schemas. */
import * as z from 'zod/mini'
import { storedDigest, storedFormat } from '../core/stored'
import { columnTypes } from '../schema/column'
import { storedColumnSpec } from '../schema/stored-signature'
import { ensembleLinks } from './ensemble/links'
import { storedTransformer } from './transformers/stored-transformers'

/** The version of `model.json` that is written; a reader refuses later ones. */
export const MODEL_FORMAT_VERSION = 1

/** Nodes of trees of another library: 2 GiB of them. */
export const MOST_NODES = 2 ** 27

export type { StateOf, StoredTransformer } from './transformers/stored-transformers'

/** What a learner has learned, as stored. */
export type StoredLearner = z.infer<ReturnType<typeof learner>>
/** The stored head of a forest. */
export type StoredForest = Extract<StoredLearner, { readonly kind: 'randomForestClassifier' | 'randomForestRegressor' }>
/** The stored head of boosted trees. */
export type StoredBoosting = Extract<StoredLearner, { readonly sets: number }>
/** The stored head of trees of another library. */
export type StoredEnsemble = Extract<StoredLearner, { readonly kind: 'treeEnsemble' }>
/** The stored head of nearest neighbours. */
export type StoredNeighbors = Extract<StoredLearner, { readonly nNeighbors: number }>
/** The stored head of an isolation forest. */
export type StoredIsolation = Extract<StoredLearner, { readonly kind: 'isolationForest' }>
/** A stored linear model. */
export type StoredLinear = Extract<StoredLearner, { readonly coefficients: number[] }>
/** The content of `model.json`. */
export type ModelDocument = z.infer<ReturnType<typeof modelDocument>>

/** The format of a transformer's state. */
export const transformerFormat = /* @__PURE__ */ storedFormat(storedTransformer)

/** The format of a learner inside another. */
export const learnerFormat = /* @__PURE__ */ storedFormat(learner)

/** The format of `model.json`. */
export const modelFormat = /* @__PURE__ */ storedFormat(modelDocument, { field: 'formatVersion', reads: MODEL_FORMAT_VERSION })

function modelDocument() {
  return z.looseObject({
    format: z.literal('millwright-model'),
    formatVersion: z.literal(MODEL_FORMAT_VERSION),
    task: z.enum(['classification', 'regression']),
    target: z.string(),
    targetType: z.enum(columnTypes),
    /** In ascending order; none of a regression. */
    classes: z.array(z.union([z.string(), z.number(), z.boolean()])),
    features: z.array(storedColumnSpec()),
    options: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
    transformers: z.array(storedTransformer()),
    matrixNames: z.array(z.string()),
    learner: learner(),
    /** Length and digest of `learner.bin`. */
    binary: z.optional(z.looseObject({ bytes: z.int(), sha256: storedDigest() })),
  })
}

function learner() {
  const count = z.int().check(z.gte(1))
  const forest = <K extends string>(kind: K) =>
    z.looseObject({
      kind: z.literal(kind),
      edges: z.array(z.int().check(z.gte(0), z.lte(65534))).check(z.minLength(1)),
      trees: count,
      nodes: count,
      width: count,
      leaves: count,
      leafBytes: z.literal([1, 2, 4]),
      importance: z.optional(z.array(z.number())),
      /** JSON has no NaN: `null`. */
      outOfBagScore: z.optional(z.nullable(z.number())),
    })
  const boosted = <K extends string>(kind: K) =>
    z.looseObject({
      kind: z.literal(kind),
      edges: z.array(z.int().check(z.gte(0), z.lte(65534))).check(z.minLength(1)),
      trees: count,
      nodes: count,
      width: z.literal(1),
      leaves: count,
      leafBytes: z.literal([1, 2, 4]),
      outputs: count,
      base: z.array(z.number()),
      link: z.enum(['identity', 'logistic', 'softmax']),
      categorical: z.array(z.int().check(z.gte(0))),
      sets: z.int().check(z.gte(0), z.lte(131_072)),
      iterations: z.optional(z.int()),
      importance: z.optional(z.array(z.number())),
    })
  const linear = <K extends string>(kind: K) =>
    z.looseObject({
      kind: z.literal(kind),
      link: z.enum(['identity', 'logistic', 'softmax']),
      /** Row-major, outputs × features. */
      coefficients: z.array(z.number()),
      intercepts: z.array(z.number()),
      converged: z.optional(z.boolean()),
      iterations: z.optional(z.int()),
    })
  return z.discriminatedUnion('kind', [
    forest('randomForestClassifier'),
    forest('randomForestRegressor'),
    boosted('gradientBoostingClassifier'),
    boosted('gradientBoostingRegressor'),
    linear('linearRegression'),
    linear('ridgeRegression'),
    linear('lassoRegression'),
    linear('logisticRegression'),
    ensemble('treeEnsemble', {}),
    ensemble('isolationForest', { threshold: z.number().check(z.gt(0), z.lt(1)) }),
    neighbors('kNeighborsClassifier'),
    neighbors('kNeighborsRegressor'),
    calibrated(),
  ])
}

function neighbors<K extends string>(kind: K) {
  const count = z.int().check(z.gte(1))
  return z.looseObject({
    kind: z.literal(kind),
    nNeighbors: count,
    weights: z.enum(['uniform', 'distance']),
    metric: z.enum(['euclidean', 'manhattan', 'chebyshev', 'minkowski']),
    p: z.number().check(z.gte(1)),
    features: count,
    classes: z.int().check(z.gte(0)),
    rows: count,
  })
}

function ensemble<K extends string, More extends z.core.$ZodLooseShape>(kind: K, more: More) {
  const count = z.int().check(z.gte(1))
  const index = z.int().check(z.gte(0))
  return z.looseObject({
    kind: z.literal(kind),
    ...more,
    features: count,
    trees: index,
    nodes: z.int().check(z.gte(0), z.lte(MOST_NODES)),
    outputs: count,
    targets: z.array(index),
    base: z.array(z.number()),
    scale: z.number(),
    link: z.enum(ensembleLinks),
    precision: z.enum(['float32', 'float64']),
    zeroIsMissing: z.array(index),
    /** Words of each set of categories. */
    sets: z.array(index),
    iterations: z.optional(z.int()),
    importance: z.optional(z.array(z.number())),
  })
}

/** The base is a learner like any other; it is read by itself, because a format cannot hold itself. */
function calibrated() {
  return z.looseObject({
    kind: z.literal('calibrated'),
    method: z.enum(['isotonic', 'sigmoid']),
    calibrators: z.array(
      z.union([z.looseObject({ x: z.array(z.number()), y: z.array(z.number()) }), z.looseObject({ a: z.number(), b: z.number() })]),
    ),
    base: z.looseObject({ kind: z.string() }),
  })
}
