/** `millwright/traffic`: change models safely. A/B tests, bandits, shadows, canaries, and their statistics. */
export type { MetricFamily } from '../ports/metric-family'
export type { ServedModel } from '../predictor/to-predictor'
export { type AssignOptions, assignArm } from './assignment'
export { type Bandit, createBandit } from './bandit/bandit'
export type { BanditArmState, BanditEvents, BanditOptions, BanditState } from './bandit/bandit-options'
export type { ArmCounts } from './canary/arm-counts'
export { type Canary, createCanary } from './canary/canary'
export type { CanaryEvents, CanaryOptions, CanaryStatus, PromotingRegistry, PromotionTarget } from './canary/canary-options'
export {
  type CanaryCheck,
  type CheckLimits,
  type CheckResult,
  type ErrorRateCheckOptions,
  errorRateCheck,
  type LatencyCheckOptions,
  latencyCheck,
  type OutcomeCheckOptions,
  outcomeCheck,
  type PredictionsCheckOptions,
  predictionsCheck,
} from './canary/checks'
export type { CanaryEntry, CanaryPhase, CanaryStep, CheckState } from './canary/rollout'
export type { AbMetric, AbTestOptions } from './experiment/ab-options'
export type { AbArmResult, AbComparison, AbResults, AbVerdict } from './experiment/ab-results'
export type { AbEvents } from './experiment/ab-state'
export { type AbTest, createAbTest } from './experiment/ab-test'
export type { UnitOptions } from './routed-model'
export type { ShadowReport } from './shadow/comparison'
export { createShadow, type Shadow } from './shadow/shadow'
export type { ShadowEvents, ShadowOptions } from './shadow/shadow-options'
export { type ArmDifference, type ArmSummary, type CompareOptions, compareMeans, compareShares } from './statistics/compare-arms'
export { type SampleRatioResult, sampleRatioTest } from './statistics/sample-ratio'
export { type MeanPlan, type SampleSizeOptions, type SharePlan, sampleSizeForMeans, sampleSizeForShares } from './statistics/sample-size'
export { type SequentialOptions, type SequentialResult, sequentialTest } from './statistics/sequential'
