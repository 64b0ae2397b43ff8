/** Metrics: how good predictions are. Each knows which way is better. */

export type { BalancedAccuracyOptions, ConfusionMatrix, ConfusionMatrixOptions, KappaOptions } from './confusion-matrix'
export { accuracy, balancedAccuracy, cohenKappa, confusionMatrix, matthews } from './confusion-matrix'
export type { CalibrationCurve, CalibrationCurveOptions, PrecisionRecallCurve, RocCurve, RocCurveOptions } from './curves'
export { calibrationCurve, precisionRecallCurve, rocCurve } from './curves'
export type { ClassProbabilities, Label } from './label'
export type {
  ClassificationMetricName,
  LabelMetric,
  Metric,
  MetricBase,
  MetricName,
  NumberMetric,
  ProbabilityMetric,
  RegressionMetricName,
} from './metric'
export { classificationMetricNames, metricByName, regressionMetricNames } from './metric'
export type { Average, AverageOptions, ClassificationReport, ClassReport, FBetaOptions } from './precision-recall'
export { classificationReport, f1, fBeta, jaccard, precision, recall } from './precision-recall'
export { brier, logLoss } from './probability'
export type { GainOptions, QueryLists } from './queries'
export { dcg, meanAveragePrecision, meanReciprocalRank, ndcg } from './queries'
export type { ClassAverageOptions, RankingOptions, RocAucOptions, Scores, TopKOptions } from './ranking'
export { averagePrecision, rocAuc, topKAccuracy } from './ranking'
export type { PinballOptions } from './regression'
export {
  d2AbsoluteError,
  d2Pinball,
  explainedVariance,
  mae,
  mape,
  maxError,
  medianAbsoluteError,
  mse,
  msle,
  pinball,
  r2,
  rmse,
} from './regression'
export type { SlicedRows, SliceReport, SliceScores } from './slices'
export { metricsBySlice } from './slices'
export type { ChosenThreshold, OutcomeCosts, ThresholdOptions } from './threshold'
export { chooseThreshold } from './threshold'
export type { LabelMetricOptions, WeightOptions } from './weights'
