/** Public names of `millwright/drift`. */
export { BareDriftDetector } from './bare-drift-detector'
export type { DriftFitOptions } from './build-profile'
export {
  fisherMethod,
  goodnessOfFitMethod,
  gTestMethod,
  hellingerMethod,
  jensenShannonMethod,
  klDivergenceMethod,
  lInfinityMethod,
  totalVariationMethod,
  zTestMethod,
} from './count-methods'
export {
  type DomainClassifierDrift,
  type DomainClassifierOptions,
  type DomainEstimator,
  domainClassifierDrift,
} from './domain-classifier'
export { DriftDetector } from './drift-detector'
export type { ColumnDriftOptions, ColumnMethod, DriftOptions, MethodChoice, ResolvedDriftOptions } from './drift-options'
export type { DriftParts, NumericSample, SketchPart } from './drift-parts'
export type { ColumnDrift, ColumnState, DriftBins, DriftFinding, DriftReport, NumericSummary } from './drift-report'
export { type EmbeddingDrift, type EmbeddingDriftOptions, type EmbeddingMethod, embeddingDrift } from './embedding-drift'
export type { CountMethod, DriftMethodPart, MethodResult, SampleMethod, TwoSamples } from './method-part'
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
export {
  andersonDarlingMethod,
  cramerVonMisesMethod,
  energyMethod,
  eppsSingletonMethod,
  mannWhitneyMethod,
  mmdMethod,
  tTestMethod,
  wassersteinMethod,
  welchMethod,
} from './sample-methods'
export { driftSketches } from './sketch-reference'
export { type AdwinOptions, adwin } from './streams/adwin'
export { type CusumOptions, cusum } from './streams/cusum'
export { type DdmOptions, ddm } from './streams/ddm'
export { type EddmOptions, eddm } from './streams/eddm'
export { type FhddmOptions, fhddm } from './streams/fhddm'
export { type HddmAOptions, hddmA } from './streams/hddm-a'
export { type HddmWOptions, hddmW } from './streams/hddm-w'
export { type KswinOptions, kswin } from './streams/kswin'
export { type PageHinkleyOptions, pageHinkley } from './streams/page-hinkley'
export {
  type TextDescriptor,
  type TextDescriptorOptions,
  type TextVocabularyOptions,
  textDescriptors,
  textVocabulary,
} from './text-descriptors'
