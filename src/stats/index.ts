/** Public names of `millwright/stats`. */
export { type AndersonDarlingOptions, type AndersonDarlingResult, andersonDarlingTest } from './anderson-darling'
export { type ContingencyOptions, type ContingencyResult, chiSquareTest, cramersV, gTest } from './contingency'
export { type CramerVonMisesOptions, type CramerVonMisesResult, cramerVonMisesTest } from './cramer-von-mises'
export { binomialSf, chiSquareSf, fSf, studentTSf } from './distributions'
export {
  hellingerDistance,
  type JensenShannonOptions,
  jensenShannonDistance,
  klDivergence,
  lInfinityDistance,
  populationStabilityIndex,
  type SmoothingOptions,
  totalVariationDistance,
} from './divergence'
export { mean, median, quantile, skewness, standardDeviation, variance } from './elementary'
export { type EppsSingletonOptions, type EppsSingletonResult, eppsSingletonTest } from './epps-singleton'
export { type GoodnessOfFitResult, goodnessOfFit } from './goodness-of-fit'
export { type BinRule, histogram, histogramEdges } from './histogram'
export { type KernelDensity, type KernelDensityOptions, kernelDensity } from './kernel-density'
export { type Alternative, type KsOptions, type KsResult, ksTest } from './ks'
export { type MannWhitneyOptions, type MannWhitneyResult, mannWhitneyTest } from './mann-whitney'
export { type MmdOptions, type MmdResult, mmdTest } from './mmd'
export { adjustPValues, type Correction } from './multiple-testing'
export { erf, erfc, normalCdf, normalIsf, normalSf } from './normal'
export {
  type PrincipalComponents,
  type PrincipalComponentsOptions,
  principalComponents,
  reconstructionErrors,
} from './principal-components'
export type { Smoothing } from './proportions'
export type { Moments } from './running-moments'
export type { MissingPolicy } from './sample'
export {
  type FrequentItem,
  FrequentItems,
  type FrequentItemsOptions,
  type FrequentItemsState,
} from './sketches/frequent-items'
export { type HllOptions, HllSketch } from './sketches/hll'
export { type KllOptions, KllSketch, type WeightedValues } from './sketches/kll'
export { type TTestOptions, type TTestResult, tTest } from './t-test'
export { type FisherResult, fisherExact, type TwoByTwo, type TwoProportionsResult, twoProportionsTest } from './two-by-two'
export { energyDistance, type SampleDistanceOptions, wassersteinDistance } from './wasserstein'
