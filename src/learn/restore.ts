/** From files back to fitted models. */

import type { Label } from '../metrics/label'
import type { ModelPackage } from '../ports/model'
import { type ColumnType, columnTypes } from '../schema/column'
import type { ColumnSpec } from '../schema/signature'
import { type FittedModel, makeFittedModel } from './fitted-model'
import { fittedForest } from './forest/fitted-forest'
import { forestFrom } from './forest/forest-format'
import type { FittedLearner } from './learner'
import { restoreLinear } from './linear/linear-model'
import { corruptModel, type ModelDocument, readModelFiles } from './model-format'
import { restoreOneHotEncoder } from './one-hot-encoder'
import { restoreOrdinalEncoder } from './ordinal-encoder'
import { restoreSelectColumns } from './select-columns'
import { restoreSimpleImputer } from './simple-imputer'
import { restoreStandardScaler } from './standard-scaler'
import { corruptState, type FittedTransformer, type TransformerState } from './transformer'

/**
 * The fitted model that was packed; it predicts exactly as it did.
 *
 * @throws Unsupported for another flavor or a later format; Corrupt for files that are missing, cut short or changed
 */
export function restoreModel(model: ModelPackage): FittedModel {
  const { document, bytes } = readModelFiles(model)
  const learner = restoreLearner(document, bytes)
  return makeFittedModel({
    task: document.task,
    target: document.target,
    targetType: typeOf(document.targetType),
    classes: document.classes as readonly Label[],
    features: document.features.map(featureOf),
    options: document.options,
    transformers: document.transformers.map((state) => restoreTransformer(state as TransformerState)),
    learner,
    matrixNames: document.matrixNames,
  })
}

/** The fitted transformer of a state. @throws Corrupt */
export function restoreTransformer(state: TransformerState): FittedTransformer {
  switch (state?.kind) {
    case 'simpleImputer':
      return restoreSimpleImputer(state)
    case 'standardScaler':
      return restoreStandardScaler(state)
    case 'oneHotEncoder':
      return restoreOneHotEncoder(state)
    case 'ordinalEncoder':
      return restoreOrdinalEncoder(state)
    case 'selectColumns':
      return restoreSelectColumns(state)
    default:
      throw corruptState(String(state?.kind), 'no such transformer')
  }
}

function restoreLearner({ learner: json, task, classes, matrixNames }: ModelDocument, bytes: Uint8Array | undefined): FittedLearner {
  const features = matrixNames.length
  switch (json.kind) {
    case 'randomForestClassifier':
    case 'randomForestRegressor': {
      const forest = forestFrom(json, bytes)
      const width = task === 'regression' ? 1 : classes.length
      if (forest.edges.length !== features) throw corruptModel(`${features} columns for ${forest.edges.length} features`)
      if (forest.width !== width) throw corruptModel(`leaves of ${forest.width} numbers for ${width} outputs`)
      const { importance, outOfBagScore } = json
      return fittedForest(json.kind, forest, {
        importance: Array.isArray(importance) && importance.length === features ? Float64Array.from(importance) : undefined,
        outOfBagScore: typeof outOfBagScore === 'number' ? outOfBagScore : undefined,
      })
    }
    case 'logisticRegression':
      return restoreLinear(json, { features, classes: classes.length })
    case 'linearRegression':
      return restoreLinear(json, { features, classes: 0 })
    default:
      throw corruptModel(`there is no learner ${String(json.kind)}`)
  }
}

function featureOf(feature: Readonly<Record<string, unknown>>): ColumnSpec {
  const { name, type, required, categories } = feature
  if (typeof name !== 'string') throw corruptModel('a feature has no name')
  return {
    name,
    type: typeOf(type),
    required: required !== false,
    ...(Array.isArray(categories) ? { categories: categories.map(String) } : {}),
  }
}

function typeOf(type: unknown): ColumnType {
  if (!columnTypes.includes(type as ColumnType)) throw corruptModel(`${String(type)} is no column type`)
  return type as ColumnType
}
