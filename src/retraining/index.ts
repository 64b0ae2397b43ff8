/** The closed loop: monitor → training → comparison → gates → promotion. */
export { canaryOutcome } from './canary-outcome'
export type { Retraining, RetrainingEvents } from './create-retraining'
export { createRetraining } from './create-retraining'
export { type RetrainingRunOptions, type RetrainPolicy, retrainOn } from './retrain-on'
export type {
  CanaryTrialOutcome,
  CanaryTrialRequest,
  Challenger,
  Refreshable,
  RetrainingOptions,
  RetrainingRequest,
} from './retraining-options'
export type { MeasuredVersion, RetrainingTrigger, RetrainingVerdict } from './verdict'
