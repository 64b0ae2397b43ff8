/** Reads models of LightGBM. */
import { fromUtf8 } from '../../core/bytes'
import { invalidArgument, MillwrightError, show } from '../../core/errors'
import { parseJson } from '../../core/json'
import { checkForeignOptions, type ForeignCategory, type ForeignTreesOptions, modelOfTrees } from '../../learn/ensemble/model-of-trees'
import { treeEnsemble } from '../../learn/ensemble/tree-ensemble'
import type { FittedModel } from '../../learn/fitted-model'
import { countOf, damagedText, type ModelText, readModelText, type TextPlace } from './model-text'
import { objectiveOf } from './objectives'
import { treeReader } from './read-trees'

/**
 * Reads a model that LightGBM (2.2 or later) has saved as text: boosted trees, `dart`, `goss` and `rf`, with their categories, of every objective.
 * Its predictions are LightGBM's, in double precision.
 *
 * Missing numbers go where the tree says; where zeros count as missing (`zero_as_missing`) they do so here. ±∞ are compared like any number. The
 * categories of pandas' columns are in the file and taken from there. Without an objective of its own the model is a regressor of the sums.
 *
 * @param file the text of the file, or its bytes
 * @throws Corrupt saying what is damaged; Unsupported for linear trees, unknown objectives, and several sums that are no classes; InvalidArgument for options
 * that do not fit the file
 *
 * @example
 * const fitted = fromLightgbm(await readFile('flights.txt', 'utf8'), { target: 'late', classes: ['late', 'on time'] })
 */
export function fromLightgbm(file: string | Uint8Array, options: ForeignTreesOptions = {}): FittedModel {
  if (typeof file !== 'string' && !(file instanceof Uint8Array)) {
    throw invalidArgument(`fromLightgbm takes the content of a model file, as text or bytes, got ${show(file)}`)
  }
  checkForeignOptions('fromLightgbm', options)
  const subject = 'the LightGBM model'
  const text = readModelText(typeof file === 'string' ? file : fromUtf8(file), subject)
  const at: TextPlace = { subject, place: 'the head' }
  const numFeatures = countOf(text.head, 'max_feature_idx', 2 ** 24, at) + 1
  const outputs = countOf(text.head, 'num_tree_per_iteration', 100_000, at)
  if (outputs < 1) throw damagedText(subject, '`num_tree_per_iteration` is 0')
  const { link, slope } = linkOf(text, outputs, subject)
  const iterations = iterationsOf(Math.ceil(text.trees.length / outputs), options.iterations)
  const reader = treeReader(numFeatures, subject)
  const kept = text.trees.slice(0, iterations * outputs).map((tree, t) => reader.read(tree, t))
  const facts = {
    numFeatures,
    outputs,
    targets: Int32Array.from(kept, (_, t) => t % outputs),
    base: new Float64Array(outputs),
    scale: slope / (text.head.has('average_output') ? Math.max(1, iterations) : 1),
    link,
    precision: 'float64',
    zeroIsMissing: reader.zeroIsMissing,
  } as const
  const ensemble = treeEnsemble(kept, facts, (t, node) => damagedText(subject, `tree ${t} leads to its node ${node} twice`))
  return modelOfTrees(
    {
      subject: 'fromLightgbm',
      ensemble,
      featureNames: featureNamesOf(text, numFeatures, subject),
      categories: categoriesOf(text, numFeatures, subject),
      gains: reader.gains,
      iterations,
      params: {
        library: 'lightgbm',
        version: text.head.get('version') ?? '',
        objective: text.head.get('objective')?.trim() ?? 'custom',
        iterations,
      },
    },
    options,
  )
}

function linkOf(
  { head }: ModelText,
  outputs: number,
  subject: string,
): { link: NonNullable<ReturnType<typeof objectiveOf>>['link']; slope: number } {
  const line = head.get('objective')
  const objective = objectiveOf(line)
  if (objective === undefined) throw new MillwrightError('Unsupported', `${subject} has the objective ${show(line)}, which is not known`)
  if (!Number.isFinite(objective.slope)) throw damagedText(subject, `the objective ${show(line)} has no number for its sigmoid`)
  const isMulti = objective.link === 'softmax' || objective.link === 'oneVersusRest'
  if (!isMulti && outputs > 1) {
    throw new MillwrightError('Unsupported', `${subject} gives ${outputs} numbers per row that are no classes; a model here gives one`)
  }
  return objective
}

function iterationsOf(all: number, wanted: ForeignTreesOptions['iterations']): number {
  if (typeof wanted !== 'number') return all
  if (wanted > all) throw invalidArgument(`\`iterations\` of fromLightgbm must be at most ${all}, the file has no more, got ${wanted}`)
  return wanted
}

function featureNamesOf({ head }: ModelText, numFeatures: number, subject: string): readonly string[] {
  const names = head.get('feature_names')?.trim().split(' ') ?? []
  if (names.length !== numFeatures) throw damagedText(subject, `\`feature_names\` must hold ${numFeatures} names, got ${names.length}`)
  return names
}

/** pandas' categories are listed column by column; the columns are those whose values the head lists. */
function categoriesOf(
  { head, pandasCategorical }: ModelText,
  numFeatures: number,
  subject: string,
): Map<number, readonly ForeignCategory[]> {
  if (pandasCategorical === undefined || pandasCategorical === 'null') return new Map()
  const lists = parseJson(pandasCategorical, `\`pandas_categorical\` of ${subject}`)
  if (!Array.isArray(lists) || !lists.every(isList)) throw damagedText(subject, '`pandas_categorical` must be a list of lists')
  const infos = head.get('feature_infos')?.trim().split(' ') ?? []
  const isOfCategories = (info: string): boolean => info !== 'none' && !info.startsWith('[')
  const columns = Array.from({ length: numFeatures }, (_, f) => f).filter((f) => isOfCategories(infos[f] ?? 'none'))
  // A column that training did not use has no values in the head: then the order alone does not tell.
  return new Map(columns.length === lists.length ? columns.map((f, i) => [f, lists[i] as ForeignCategory[]]) : [])
}

function isList(value: unknown): value is ForeignCategory[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string' || typeof item === 'number' || typeof item === 'boolean')
}
