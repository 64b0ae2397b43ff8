/** Public names of `millwright/drift`. */
export type { DriftFitOptions } from './build-profile'
export { DriftDetector } from './drift-detector'
export type { ColumnDriftOptions, DriftOptions, MethodChoice, ResolvedDriftOptions } from './drift-options'
export type { ColumnDrift, ColumnState, DriftBins, DriftFinding, DriftReport, NumericSummary } from './drift-report'
export type { ColumnKind, DriftMethod } from './methods'
export type {
  CategoricalReference,
  DriftProfile,
  NumericReference,
  ReferenceBase,
  ReferenceColumn,
  SkippedReference,
} from './reference-profile'
export { type AdwinOptions, adwin } from './streams/adwin'
export { type DdmOptions, ddm } from './streams/ddm'
export { type PageHinkleyOptions, pageHinkley } from './streams/page-hinkley'
