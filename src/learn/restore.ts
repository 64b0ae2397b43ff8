/** Restores fitted models from files. */

import { readStored } from '../core/stored'
import type { ModelPackage } from '../ports/model'
import { type FittedModel, makeFittedModel } from './fitted-model'
import { fittedForest } from './forest/fitted-forest'
import { forestFrom } from './forest/forest-format'
import type { FittedLearner } from './learner'
import { restoreLinear } from './linear/linear-model'
import { corruptModel, readModelFiles } from './model-format'
import { restoreOneHotEncoder } from './one-hot-encoder'
import { restoreOrdinalEncoder } from './ordinal-encoder'
import { restoreSelectColumns } from './select-columns'
import { restoreSimpleImputer } from './simple-imputer'
import { restoreStandardScaler } from './standard-scaler'
import { type ModelDocument, type StoredTransformer, transformerFormat } from './stored-parts'
import type { FittedTransformer, TransformerState } from './transformer'

/**
 * Restores a packed model; its predictions are exactly those of the original.
 *
 * @throws Unsupported for another flavor or a later format; Corrupt for files that are missing, cut short or changed
 */
export function restoreModel(model: ModelPackage): FittedModel {
  const { document, bytes } = readModelFiles(model)
  const { task, target, targetType, classes, options, matrixNames } = document
  const learner = restoreLearner(document, bytes)
  return makeFittedModel({
    task,
    target,
    targetType,
    classes,
    features: document.features.map((feature) => ({ ...feature, required: feature.required !== false })),
    options,
    transformers: document.transformers.map(fittedOf),
    learner,
    matrixNames,
  })
}

/** The fitted transformer of a state. @throws Corrupt */
export function restoreTransformer(state: TransformerState): FittedTransformer {
  return fittedOf(readStored(transformerFormat, state, 'the state of a transformer'))
}

function fittedOf(state: StoredTransformer): FittedTransformer {
  switch (state.kind) {
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
  }
}

function restoreLearner({ learner: state, task, classes, matrixNames }: ModelDocument, bytes: Uint8Array | undefined): FittedLearner {
  const features = matrixNames.length
  switch (state.kind) {
    case 'randomForestClassifier':
    case 'randomForestRegressor': {
      const forest = forestFrom(state, bytes)
      const width = task === 'regression' ? 1 : classes.length
      if (forest.edges.length !== features) throw corruptModel(`${features} columns for ${forest.edges.length} features`)
      if (forest.width !== width) throw corruptModel(`leaves of ${forest.width} numbers for ${width} outputs`)
      const { importance, outOfBagScore } = state
      if (importance !== undefined && importance.length !== features) {
        throw corruptModel(`${importance.length} importances for ${features} features`)
      }
      return fittedForest(state.kind, forest, {
        importance: importance === undefined ? undefined : Float64Array.from(importance),
        outOfBagScore: outOfBagScore ?? undefined,
      })
    }
    case 'logisticRegression':
      return restoreLinear(state, { features, classes: classes.length })
    case 'linearRegression':
      return restoreLinear(state, { features, classes: 0 })
  }
}
