/** Restores fitted models from files. */

import { checkOptions, ofType } from '../core/options'
import { readStored } from '../core/stored'
import type { ModelPackage } from '../ports/model'
import { restoreBoosting } from './boosting/restore-boosting'
import { fittedCalibrated, restoredCalibrators } from './calibration/calibrated-learner'
import { restoreEnsemble } from './ensemble/restore-ensemble'
import { type FittedModel, makeFittedModel } from './fitted-model'
import { fittedForest } from './forest/fitted-forest'
import { forestFrom } from './forest/forest-format'
import type { FittedLearner } from './learner'
import { restoreLinear } from './linear/linear-model'
import { corruptModel, readModelFiles } from './model-format'
import { restoreNeighbors } from './neighbors/fitted-neighbors'
import { restoreOneHotEncoder } from './one-hot-encoder'
import { restoreOrdinalEncoder } from './ordinal-encoder'
import { restoreIsolation } from './outliers/fitted-isolation'
import { restoreSelectColumns } from './select-columns'
import { restoreSimpleImputer } from './simple-imputer'
import { restoreStandardScaler } from './standard-scaler'
import { learnerFormat, type ModelDocument, type StateOf, type StoredTransformer, transformerFormat } from './stored-parts'
import type { FittedTransformer, TransformerState } from './transformer'
import { fittedColumns } from './transformers/columns'
import { restoreDateParts } from './transformers/date-parts'
import { restoreFeatureHasher } from './transformers/feature-hasher'
import { restoreFunctionTransformer, type TableFunctions } from './transformers/function-transformer'
import { restoreHashingVectorizer } from './transformers/hashing-vectorizer'
import { restoreKBinsDiscretizer } from './transformers/k-bins-discretizer'
import { restoreMinMaxScaler } from './transformers/min-max-scaler'
import { restorePolynomialFeatures } from './transformers/polynomial-features'
import { restorePowerTransformer } from './transformers/power-transformer'
import { restoreRobustScaler } from './transformers/robust-scaler'
import { restoreTargetEncoder } from './transformers/target-encoder'

/** What restoring a model needs beside its files. */
export interface RestoreOptions {
  /** The functions of its `functionTransformer` steps, by name: functions are not stored. @default none */
  readonly functions?: TableFunctions | undefined
}

/**
 * Restores a packed model; its predictions are exactly those of the original.
 *
 * @throws Unsupported for another flavor or a later format; Corrupt for files that are missing, cut short or changed; NotFound for a
 * function that it applies and `functions` lacks
 */
export function restoreModel(model: ModelPackage, options: RestoreOptions = {}): FittedModel {
  const functions = functionsOf('restoreModel', options)
  const { document, bytes } = readModelFiles(model)
  const { task, target, targetType, classes, matrixNames } = document
  const learner = restoreLearner(document, bytes)
  return makeFittedModel({
    task,
    target,
    targetType,
    classes,
    features: document.features.map((feature) => ({ ...feature, required: feature.required !== false })),
    options: document.options,
    transformers: document.transformers.map((state) => fittedOf(state, functions)),
    learner,
    matrixNames,
  })
}

/** The fitted transformer of a state. @throws Corrupt; NotFound for a function that it applies and `functions` lacks */
export function restoreTransformer(state: TransformerState, options: RestoreOptions = {}): FittedTransformer {
  const functions = functionsOf('restoreTransformer', options)
  return fittedOf(readStored(transformerFormat, state, 'the state of a transformer'), functions)
}

/** Checks the options of restoring. @throws InvalidArgument */
export function functionsOf(subject: string, options: RestoreOptions): TableFunctions {
  checkOptions(subject, options, { functions: ofType('object') })
  return options.functions ?? {}
}

function fittedOf(state: StoredTransformer, functions: TableFunctions): FittedTransformer {
  switch (state.kind) {
    case 'simpleImputer':
      return restoreSimpleImputer(state)
    case 'standardScaler':
      return restoreStandardScaler(state)
    case 'minMaxScaler':
      return restoreMinMaxScaler(state)
    case 'robustScaler':
      return restoreRobustScaler(state)
    case 'powerTransformer':
      return restorePowerTransformer(state)
    case 'oneHotEncoder':
      return restoreOneHotEncoder(state)
    case 'ordinalEncoder':
      return restoreOrdinalEncoder(state)
    case 'targetEncoder':
      return restoreTargetEncoder(state)
    case 'kBinsDiscretizer':
      return restoreKBinsDiscretizer(state)
    case 'dateParts':
      return restoreDateParts(state)
    case 'polynomialFeatures':
      return restorePolynomialFeatures(state)
    case 'hashingVectorizer':
      return restoreHashingVectorizer(state)
    case 'featureHasher':
      return restoreFeatureHasher(state)
    case 'functionTransformer':
      return restoreFunctionTransformer(state, functions)
    case 'columns':
      return restoreColumns(state, functions)
    case 'selectColumns':
      return restoreSelectColumns(state)
  }
}

function restoreColumns({ routes, target }: StateOf<'columns'>, functions: TableFunctions): FittedTransformer {
  const fitted = routes.map((route) => ({ ...route, steps: route.steps.map((step) => fittedOf(step, functions)) }))
  return fittedColumns(fitted, target)
}

function restoreLearner(document: ModelDocument, bytes: Uint8Array | undefined): FittedLearner {
  const { learner: state, task, classes, matrixNames } = document
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
    case 'gradientBoostingClassifier':
    case 'gradientBoostingRegressor':
      return restoreBoosting(state, bytes, { features, classes: task === 'regression' ? 0 : classes.length })
    case 'treeEnsemble':
      return restoreEnsemble(state, bytes, { features, classes: task === 'regression' ? 0 : classes.length })
    case 'isolationForest':
      return restoreIsolation(state, bytes, features)
    case 'kNeighborsClassifier':
    case 'kNeighborsRegressor':
      return restoreNeighbors(state, bytes, { features, classes: task === 'regression' ? 0 : classes.length })
    case 'logisticRegression':
      return restoreLinear(state, { features, classes: classes.length })
    case 'linearRegression':
    case 'ridgeRegression':
    case 'lassoRegression':
      return restoreLinear(state, { features, classes: 0 })
    case 'calibrated': {
      const base = readStored(learnerFormat, state.base, 'the learner in a calibrated model')
      const calibrators = restoredCalibrators(state, classes.length)
      return fittedCalibrated(restoreLearner({ ...document, learner: base }, bytes), calibrators, classes.length)
    }
  }
}
