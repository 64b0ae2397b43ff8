/** Trees that another library has grown, as a fitted model. */
import { invalidArgument, show } from '../../core/errors'
import { anything, arrayOf, checkOptions, either, nonEmptyString, type OptionRule, ofType, oneOf, wholeNumber } from '../../core/options'
import type { Label } from '../../metrics/label'
import type { ColumnType } from '../../schema/column'
import type { ColumnSpec } from '../../schema/signature'
import { type FittedModel, makeFittedModel } from '../fitted-model'
import { restoreOrdinalEncoder } from '../ordinal-encoder'
import type { Params } from '../params'
import { fittedEnsemble } from './fitted-ensemble'
import { isOfClasses } from './links'
import type { TreeEnsemble } from './tree-ensemble'

/** A category of a column. */
export type ForeignCategory = string | number | boolean

/** What the file of another library does not say, or says otherwise than you want. */
export interface ForeignTreesOptions {
  /** The names of the columns, in order. @default those of the file */
  readonly features?: readonly string[] | undefined
  /** Of classifiers: what the classes 0, 1, 2, … stand for, in this order. @default the numbers themselves */
  readonly classes?: readonly Label[] | undefined
  /** The name of the predicted column. @default 'target' */
  readonly target?: string | undefined
  /**
   * By column: its categories, in the order of their codes. The column then holds categories and not codes; unknown ones count as missing.
   * `'codes'`: the column holds codes, whatever the file says. @default the categories in the file; codes where there are none
   */
  readonly categories?: Readonly<Record<string, readonly ForeignCategory[] | 'codes'>> | undefined
  /** How many boosting iterations are taken, from the first one. `'best'`: up to the best one, if the file names it, else all. @default 'best' */
  readonly iterations?: number | 'best' | 'all' | undefined
}

/** The rules of {@link ForeignTreesOptions}. */
export function checkForeignOptions(subject: string, options: ForeignTreesOptions): void {
  const rules: Record<keyof ForeignTreesOptions, OptionRule> = {
    features: arrayOf(nonEmptyString()),
    classes: arrayOf(anything()),
    target: nonEmptyString(),
    categories: ofType('object'),
    iterations: either(wholeNumber(1), oneOf('best', 'all')),
  }
  checkOptions(subject, options, rules)
}

/** Trees, and what their file says of them. */
export interface ForeignTrees {
  /** The function that read them, for messages. */
  readonly subject: string
  readonly ensemble: TreeEnsemble
  readonly featureNames: readonly string[]
  /** By feature: its categories, where the file has them. */
  readonly categories: ReadonlyMap<number, readonly ForeignCategory[]>
  /** By feature: what its splits gained. */
  readonly gains: Float64Array
  readonly iterations: number
  /** Facts for `options` of the model. */
  readonly params: Params
}

/** The model. @throws InvalidArgument for options that do not fit the trees */
export function modelOfTrees(trees: ForeignTrees, options: ForeignTreesOptions): FittedModel {
  const { subject, ensemble, iterations, params } = trees
  const { target = 'target' } = options
  const names = featureNamesOf(trees, options, target)
  const classes = classesOf(trees, options.classes)
  const encoded = categoriesOf(trees, names, options.categories)
  const columns = [...encoded].map(([name, categories]) => ({ name, categories: categories.map(String) }))
  const features = names.map((name): ColumnSpec => {
    const categories = encoded.get(name)
    if (categories === undefined) return { name, type: 'float64', required: false }
    const type = typeOf(`the categories of ${show(name)} in ${subject}`, categories, 'float64')
    return { name, type, required: false, categories: categories.map(String) }
  })
  return makeFittedModel({
    task: classes.length > 0 ? 'classification' : 'regression',
    target,
    targetType: classes.length > 0 ? typeOf(`\`classes\` of ${subject}`, classes, 'int32') : 'float64',
    classes,
    features,
    options: params,
    transformers: columns.length > 0 ? [restoreOrdinalEncoder({ kind: 'ordinalEncoder', handleUnknown: 'missing', columns })] : [],
    learner: fittedEnsemble(ensemble, { importance: shares(trees.gains), iterations }),
    matrixNames: names,
  })
}

function featureNamesOf(
  { subject, ensemble, featureNames }: ForeignTrees,
  { features = featureNames }: ForeignTreesOptions,
  target: string,
) {
  if (features.length !== ensemble.numFeatures) {
    throw invalidArgument(`\`features\` of ${subject} must name the ${ensemble.numFeatures} features of the trees, got ${features.length}`)
  }
  const twice = features.find((name, i) => features.indexOf(name) !== i)
  if (twice !== undefined) throw invalidArgument(`${subject}: two features are named ${show(twice)}`, { hint: 'name them by `features`' })
  if (features.includes(target)) {
    throw invalidArgument(`${subject}: the target ${show(target)} has the name of a feature`, { hint: 'name it by `target`' })
  }
  return features
}

function classesOf({ subject, ensemble: { link, outputs } }: ForeignTrees, given: readonly Label[] | undefined): readonly Label[] {
  const count = !isOfClasses(link) ? 0 : link === 'logistic' || link === 'step' ? 2 : outputs
  const classes = given ?? Array.from({ length: count }, (_, code) => code)
  if (classes.length !== count) {
    throw invalidArgument(`\`classes\` of ${subject} must name the ${count} classes of the model, got ${classes.length}`)
  }
  if (new Set(classes).size !== count) throw invalidArgument(`\`classes\` of ${subject} must not name a class twice`)
  return classes
}

function categoriesOf(
  { subject, categories: found }: ForeignTrees,
  names: readonly string[],
  given: ForeignTreesOptions['categories'] = {},
): ReadonlyMap<string, readonly ForeignCategory[]> {
  for (const [name, list] of Object.entries(given)) {
    if (!names.includes(name)) throw invalidArgument(`\`categories\` of ${subject} names ${show(name)}, which is no feature`)
    if (list !== 'codes' && !Array.isArray(list)) {
      throw invalidArgument(`\`categories\` of ${subject} must hold a list of categories or 'codes' for ${show(name)}, got ${show(list)}`)
    }
  }
  const own = names.map((name, f) => [name, Object.hasOwn(given, name) ? given[name] : found.get(f)] as const)
  return new Map(
    own.flatMap(([name, list]) => (list === undefined || list === 'codes' ? [] : [[name, list as readonly ForeignCategory[]]])),
  )
}

/** The type of a column with these values. `whole`: that of whole numbers. */
function typeOf(subject: string, values: readonly unknown[], whole: 'int32' | 'float64'): ColumnType {
  const types = new Set(values.map((value) => typeof value))
  const [type] = types
  if (types.size !== 1 || (type !== 'string' && type !== 'number' && type !== 'boolean')) {
    throw invalidArgument(`${subject} must be all texts, all numbers or all booleans, got ${[...types].join(', ') || 'none'}`)
  }
  if (type !== 'number') return type
  return values.every((value) => Number.isInteger(value) && Math.abs(value as number) < 2 ** 31) ? whole : 'float64'
}

function shares(gains: Float64Array): Float64Array {
  const all = gains.reduce((sum, gain) => sum + gain, 0)
  return all > 0 ? gains.map((gain) => gain / all) : gains
}
