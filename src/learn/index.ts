/** Learning: transformers, forests, linear models, chains of them, cross-validation. */
export type { ChainOf } from './chain'
export { chain } from './chain'
export type { CrossValidateOptions, CrossValidation, FoldScores } from './cross-validate'
export { crossValidate } from './cross-validate'
export type { Classifier, Estimator, FitOptions, LabelIn, Regressor } from './estimator'
export type {
  ClassifierScores,
  DefaultScores,
  EvaluateOptions,
  HasTask,
  MetricNameOf,
  MetricOf,
  RegressorScores,
  ScoresOf,
} from './evaluate'
export { evaluate } from './evaluate'
export type { FittedClassifier, FittedModel, FittedModelState, FittedRegressor, PredictionInput } from './fitted-model'
export type { FittedForest } from './forest/fitted-forest'
export { isFittedForest } from './forest/fitted-forest'
export type { Forest, TreeArrays } from './forest/forest'
export { randomForestClassifier, randomForestRegressor } from './forest/random-forest'
export type { RandomForestClassifierOptions, RandomForestOptions, RandomForestRegressorOptions } from './forest/random-forest-options'
export type { FeatureMatrix, FittedLearner, Learner, LearnerState, TargetVector } from './learner'
export type { FittedLinear, LinearState } from './linear/linear-model'
export { isFittedLinear } from './linear/linear-model'
export type { LinearRegressionOptions } from './linear/linear-regression'
export { linearRegression } from './linear/linear-regression'
export type { LogisticRegressionOptions } from './linear/logistic-regression'
export { logisticRegression } from './linear/logistic-regression'
export type { FeatureImportance, ModelParts } from './model-parts'
export type { OneHotEncoderOptions } from './one-hot-encoder'
export { oneHotEncoder } from './one-hot-encoder'
export type { OrdinalEncoderOptions } from './ordinal-encoder'
export { ordinalEncoder } from './ordinal-encoder'
export type { Params } from './params'
export { restoreModel, restoreTransformer } from './restore'
export { learnRuntime } from './runtime'
export { dropColumns, selectColumns } from './select-columns'
export type { SimpleImputerOptions } from './simple-imputer'
export { simpleImputer } from './simple-imputer'
export type { StandardScalerOptions } from './standard-scaler'
export { standardScaler } from './standard-scaler'
export type { FittedTransformer, Transformer, TransformerFitOptions, TransformerState } from './transformer'
