/** Watching a model at work: prediction log, late labels, live performance, performance without labels, drift, alerts. */
export type { AlertMessage, AlertSink } from '../ports/alert-sink'
export type { RefusedInput } from '../ports/model'
export type { Alert, AlertRecord } from './alert-book'
export type { RuleStatus } from './alert-engine'
export type { AlertPatience, AlertState } from './alert-state'
export type { Alerts } from './alerts-view'
export type { CalendarPeriod } from './calendar'
export { type CompareVersionsOptions, compareVersions, type VersionComparison, type VersionDifference } from './compare-versions'
export { type ConfiguredMonitorOptions, configuredMonitor } from './configured'
export { type DiagnosedFeature, type DiagnoseOptions, type Diagnosis, diagnose } from './diagnose'
export type { DiagnosedSlice } from './diagnosed-slices'
export type { DriftColumn, DriftReading, DriftSource } from './drift-source'
export {
  type CbpeEstimator,
  type CbpeMetric,
  type CbpeOptions,
  type CbpeState,
  estimateChunks,
  fitCbpe,
  type LearnedMetric,
  type OutcomeValues,
  restoreCbpe,
} from './estimate/cbpe'
export { type DleEstimator, type DleMetric, type DleOptions, fitDle } from './estimate/dle'
export type { PerformanceEstimate, PerformanceEstimator, UnlabelledRows } from './estimate/estimator'
export type { BinaryMetric } from './estimate/expected-metrics'
export { type LabelledRows, modelRows, type TableRowsOptions, tableRows } from './estimate/reference'
export type { LogTableOptions } from './log-table'
export type { Actual, LoggedPrediction } from './logged-prediction'
export { Monitor } from './monitor'
export { type MonitorMetrics, type MonitorMetricsOptions, monitorMetrics } from './monitor-metrics'
export type { MonitorOptions } from './monitor-options'
export type { CheckReport, EstimateQuery, MonitorEvents, MonitorStats, PerformanceQuery, PredictionSource } from './monitor-queries'
export type { Performance, PerformancePoint, PerformanceSlice } from './performance'
export {
  type ClassificationDetails,
  type PerformanceReport,
  type PerformanceReportOptions,
  performanceReport,
  type RegressionDetails,
  type ReportCurves,
  type ReportMetric,
  type ReportSlice,
} from './performance-report'
export type { LogCounts, LogOutcome, RowSelection } from './prediction-log'
export type { Reading } from './reading'
export type { RefusedCount, RefusedSummary } from './refused-log'
export type { FilterValue, RowFilter } from './row-filter'
export type {
  AlertRule,
  DriftRule,
  EstimatedPerformanceRule,
  LabelsRule,
  LatencyRule,
  MissingRule,
  PerformanceRule,
  QualityResult,
  QualityRule,
  RefusedRule,
  RuleBase,
  ValueRule,
  VolumeRule,
} from './rule'
export type { Silence, SilenceOptions } from './silence'
export {
  type ActionSinkOptions,
  type AlertFilter,
  actionSink,
  alertLine,
  callbackSink,
  logSink,
  onlyAlerts,
  type RetrainingLoop,
  type RollbackRegistry,
  type RollbackSinkOptions,
  retrainSink,
  rollbackSink,
} from './sinks'
export { type Limits, limitsOf, type ReferenceThreshold, type ThresholdSide } from './threshold'
export type { CalendarWindow, Period, Window } from './window'
