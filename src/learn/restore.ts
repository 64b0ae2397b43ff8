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
import type { FittedLearner, LearnerState } from './learner'
import { restoreLinear } from './linear/linear-model'
import { corruptModel, readModelFiles } from './model-format'
import { restoreNeighbors } from './neighbors/fitted-neighbors'
import { restoreOneHotEncoder } from './one-hot-encoder'
import { restoreOrdinalEncoder } from './ordinal-encoder'
import { restoreIsolation } from './outliers/fitted-isolation'
import { restoreSelectColumns } from './select-columns'
import { restoreSimpleImputer } from './simple-imputer'
import { restoreStandardScaler } from './standard-scaler'
import { learnerFormat, type StateOf, type StoredLearner, type StoredTransformer, transformerFormat } from './stored-parts'
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
  const learner = restoreLearner(document.learner, bytes, {
    features: matrixNames.length,
    classes: task === 'regression' ? 0 : classes.length,
  })
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

/** The learner of a state that this library made a moment ago, for example on a thread. @param shape classes: 0 of a regressor */
export function learnerFromState({ kind, json, bytes }: LearnerState, shape: LearnerShape): FittedLearner {
  return restoreLearner(readStored(learnerFormat, { ...json, kind }, 'the state of a learner'), bytes, shape)
}

/** What a learner is restored for. */
interface LearnerShape {
  readonly features: number
  /** 0 of a regressor. */
  readonly classes: number
}

function restoreLearner(state: StoredLearner, bytes: Uint8Array | undefined, shape: LearnerShape): FittedLearner {
  const { features, classes } = shape
  switch (state.kind) {
    case 'randomForestClassifier':
    case 'randomForestRegressor': {
      const forest = forestFrom(state, bytes)
      const width = Math.max(1, classes)
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
      return restoreBoosting(state, bytes, shape)
    case 'treeEnsemble':
      return restoreEnsemble(state, bytes, shape)
    case 'isolationForest':
      return restoreIsolation(state, bytes, features)
    case 'kNeighborsClassifier':
    case 'kNeighborsRegressor':
      return restoreNeighbors(state, bytes, shape)
    case 'logisticRegression':
      return restoreLinear(state, shape)
    case 'linearRegression':
    case 'ridgeRegression':
    case 'lassoRegression':
      return restoreLinear(state, shape)
    case 'calibrated': {
      const base = readStored(learnerFormat, state.base, 'the learner in a calibrated model')
      const calibrators = restoredCalibrators(state, classes)
      return fittedCalibrated(restoreLearner(base, bytes, shape), calibrators, classes)
    }
  }
}
