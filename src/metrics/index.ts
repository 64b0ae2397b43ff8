/** Metrics: how good predictions are. Each knows which way is better. */

export type { ConfusionMatrix } from './confusion-matrix'
export { accuracy, balancedAccuracy, confusionMatrix, matthews } from './confusion-matrix'
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
export type { Average, AverageOptions, ClassificationReport, ClassReport } from './precision-recall'
export { classificationReport, f1, precision, recall } from './precision-recall'
export { brier, logLoss } from './probability'
export type { RankingOptions, Scores } from './ranking'
export { averagePrecision, rocAuc } from './ranking'
export { explainedVariance, mae, mape, maxError, medianAbsoluteError, mse, r2, rmse } from './regression'
