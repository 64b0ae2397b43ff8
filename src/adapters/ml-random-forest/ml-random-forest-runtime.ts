/** Forests that were trained with the package ml-random-forest, from their JSON. */
import { fromUtf8, utf8 } from '../../core/bytes'
import { damaged } from '../../core/damage'
import { displayPort } from '../../core/display'
import { invalidArgument, MillwrightError, show } from '../../core/errors'
import { parseJson } from '../../core/json'
import { arrayOf, checkOptions, nonEmptyString, ofType, requireOptions } from '../../core/options'
import { throwIfAborted } from '../../core/signal'
import { type MlForest, readMlForest } from '../../modelfiles/ml-random-forest'
import type { ModelPackage, ModelRuntime, ModelTask, PackableModel } from '../../ports/model'
import type { ModelSignature } from '../../schema/signature'
import { resolveBinding } from '../../tensors/binding'
import { inputColumns } from '../../tensors/binding-file'
import { openTensorModel } from '../../tensors/loaded-model'
import { forestEngine, forestGraph, tensorNames } from './forest-engine'

/** Options of {@link mlRandomForestModel}. */
export interface MlRandomForestModelOptions {
  /** The names of the columns of the matrix that the forest was trained on, in order. */
  readonly features: readonly string[]
  /** Of classifiers: what the classes 0, 1, 2, … stand for. @default the numbers themselves */
  readonly classes?: readonly (string | number | boolean)[] | undefined
  readonly target?: string | undefined
  readonly metadata?: Readonly<Record<string, unknown>> | undefined
}

/** A forest of ml-random-forest that can be registered. */
export interface MlRandomForestModel extends PackableModel {
  readonly signature: ModelSignature
  readonly task: ModelTask
  readonly classes: readonly (string | number | boolean)[] | undefined
  pack(): ModelPackage
}

const forestFile = 'forest.json'
const flavor = 'ml-random-forest'

/**
 * Wraps a forest that was trained with ml-random-forest, so that it can be registered and served with plain rows. The package is not needed for it.
 *
 * @param forest a trained `RandomForestClassifier` or `RandomForestRegression`, or the JSON of one, as text or parsed
 * @example
 * await registry.register('flowers', mlRandomForestModel(classifier, { features: ['length', 'width'], classes: ['setosa', 'virginica'] }))
 * @throws InvalidArgument when the options do not fit the forest; Corrupt when it is none
 */
export function mlRandomForestModel(forest: object | string, options: MlRandomForestModelOptions): MlRandomForestModel {
  requireOptions('mlRandomForestModel', options, ['features'])
  checkOptions('mlRandomForestModel', options, {
    features: arrayOf(nonEmptyString()),
    classes: ofType('object'),
    target: ofType('string'),
    metadata: ofType('object'),
  })
  const { features, target, metadata } = options
  const text = textOf(forest)
  const read = readMlForest(parseJson(text, 'the forest'), 'the forest')
  if (new Set(features).size !== features.length) throw invalidArgument('`features` of mlRandomForestModel must not name a column twice')
  const classes = classesOf(read, options.classes)
  assertFits(read, features.length, classes)
  const task = read.selection === 'votes' ? 'classification' : 'regression'
  const label = classes?.[0]
  const output = {
    name: target ?? 'prediction',
    type: typeof label === 'string' ? 'string' : typeof label === 'boolean' ? 'boolean' : 'float64',
  } as const
  const signature: ModelSignature = { inputs: features.map((name) => ({ name, type: 'float64' })), outputs: [output] }
  return {
    signature,
    task,
    classes,
    pack: () => ({ flavor, signature, files: { [forestFile]: utf8(text) }, task, classes, target, metadata }),
  }
}

/**
 * Runs packages of flavor `ml-random-forest`: the JSON of a classifier or a regression, checked. The trees are run here and not by the package, whose
 * `predictProbability` leaves the first tree out: a probability is the share of the trees that vote for a class, and the label is the class with the
 * most votes, of equal ones the lowest.
 */
export function mlRandomForestRuntime(): ModelRuntime {
  return displayPort('ModelRuntime', {
    portVersion: 1,
    name: flavor,
    capabilities: { batches: true, blocking: true },
    flavors: [flavor],
    load(model, { signal } = {}) {
      throwIfAborted(signal)
      const bytes = Object.hasOwn(model.files, forestFile) ? model.files[forestFile] : undefined
      if (bytes === undefined) throw new MillwrightError('Corrupt', `a model of flavor ${flavor} must hold ${forestFile}`)
      const forest = readMlForest(parseJson(fromUtf8(bytes), forestFile), forestFile)
      const columns = inputColumns(model.signature)
      const classes = classesOf(forest, model.classes)
      if (columns.length < forest.numFeatures)
        throw damaged(forestFile, ['baseModel', 'indexes'], `features of the signature's ${columns.length} columns`, forest.numFeatures - 1)
      const numClasses = classes?.length ?? 0
      const graph = forestGraph(forest, columns.length, numClasses)
      const isClassifier = forest.selection === 'votes'
      const binding = resolveBinding(graph, {
        inputs: { [tensorNames.input]: columns.map(({ name }) => name) },
        outputs: isClassifier ? { probabilities: tensorNames.probabilities } : { prediction: tensorNames.prediction },
        classes,
        task: isClassifier ? 'classification' : 'regression',
      })
      return openTensorModel(forestEngine(forest, numClasses), { graph, binding, model })
    },
  })
}

function classesOf({ selection, numClasses }: MlForest, given: ModelPackage['classes']): ModelPackage['classes'] {
  if (selection !== 'votes') return undefined
  const classes = given ?? Array.from({ length: numClasses }, (_, k) => k)
  if (classes.length < numClasses)
    throw invalidArgument(
      `the forest of ml-random-forest has ${numClasses} classes, \`classes\` names ${classes.length}: ${classes.map(show).join(', ')}`,
    )
  return classes
}

function assertFits({ numFeatures, selection }: MlForest, given: number, classes: ModelPackage['classes']): void {
  if (given < numFeatures)
    throw invalidArgument(
      `the forest of ml-random-forest looks at ${numFeatures} features, \`features\` of mlRandomForestModel names ${given}`,
    )
  if (selection !== 'votes' || classes === undefined) return
  if (new Set(classes).size !== classes.length) throw invalidArgument('`classes` of mlRandomForestModel must not name a class twice')
}

/** The JSON of a forest. */
function textOf(forest: unknown): string {
  if (typeof forest === 'string') return forest
  if (typeof forest !== 'object' || forest === null)
    throw invalidArgument(`mlRandomForestModel takes a trained forest of ml-random-forest or its JSON, got ${show(forest)}`)
  try {
    return JSON.stringify(forest)
  } catch (cause) {
    throw invalidArgument(`mlRandomForestModel cannot write the forest as JSON: ${(cause as Error).message}`)
  }
}
