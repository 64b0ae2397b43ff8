/** Public names of `millwright/drift`. */
export type { DriftFitOptions } from './build-profile'
export {
  type DomainClassifierDrift,
  type DomainClassifierOptions,
  type DomainEstimator,
  domainClassifierDrift,
} from './domain-classifier'
export { DriftDetector } from './drift-detector'
export type { ColumnDriftOptions, DriftOptions, MethodChoice, ResolvedDriftOptions } from './drift-options'
export type { ColumnDrift, ColumnState, DriftBins, DriftFinding, DriftReport, NumericSummary } from './drift-report'
export { type EmbeddingDrift, type EmbeddingDriftOptions, type EmbeddingMethod, embeddingDrift } from './embedding-drift'
export type { ColumnKind, DriftMethod } from './methods'
export { mergeProfiles, ProfileBuilder } from './profile-builder'
export type {
  CategoricalReference,
  DriftProfile,
  NumericReference,
  ReferenceBase,
  ReferenceColumn,
  SketchReference,
  SkippedReference,
  StoredColumn,
} from './reference-profile'
export { type AdwinOptions, adwin } from './streams/adwin'
export { type CusumOptions, cusum } from './streams/cusum'
export { type DdmOptions, ddm } from './streams/ddm'
export { type EddmOptions, eddm } from './streams/eddm'
export { type FhddmOptions, fhddm } from './streams/fhddm'
export { type HddmAOptions, hddmA } from './streams/hddm-a'
export { type HddmWOptions, hddmW } from './streams/hddm-w'
export { type KswinOptions, kswin } from './streams/kswin'
export { type PageHinkleyOptions, pageHinkley } from './streams/page-hinkley'
