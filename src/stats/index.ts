/** Public names of `millwright/stats`. */
export { type AndersonDarlingOptions, type AndersonDarlingResult, andersonDarlingTest } from './anderson-darling'
export { type ContingencyOptions, type ContingencyResult, chiSquareTest, cramersV, gTest } from './contingency'
export { type CramerVonMisesOptions, type CramerVonMisesResult, cramerVonMisesTest } from './cramer-von-mises'
export { binomialPmf, binomialSf, chiSquareSf, fSf, hypergeometricPmf, studentTSf } from './distributions'
export {
  hellingerDistance,
  type JensenShannonOptions,
  jensenShannonDistance,
  klDivergence,
  lInfinityDistance,
  populationStabilityIndex,
  psiNoise,
  type SmoothingOptions,
  totalVariationDistance,
} from './divergence'
export { mean, median, quantile, quantileSorted, skewness, standardDeviation, variance } from './elementary'
export { type GoodnessOfFitResult, goodnessOfFit } from './goodness-of-fit'
export { type BinRule, histogram, histogramEdges } from './histogram'
export { betaI } from './incomplete-beta'
export { gammaP, gammaQ } from './incomplete-gamma'
export { kolmogorovLimitSf, kolmogorovSf, smirnovSf } from './kolmogorov'
export { type Alternative, type KsOptions, type KsResult, ksTest, ksTestSorted } from './ks'
export { logGamma } from './log-gamma'
export { type MannWhitneyOptions, type MannWhitneyResult, mannWhitneyTest } from './mann-whitney'
export { adjustPValues, type Correction, corrections } from './multiple-testing'
export { erf, erfc, normalCdf, normalIsf, normalSf } from './normal'
export { proportions, type Smoothing } from './proportions'
export { addMoment, emptyMoments, type Moments, mergeMoments, momentsOf, momentsStd } from './running-moments'
export type { MissingPolicy } from './sample'
export { sortFloat64 } from './sort'
export { type TTestOptions, type TTestResult, tTest } from './t-test'
export { type FisherResult, fisherExact, type TwoByTwo, type TwoProportionsResult, twoProportionsTest } from './two-by-two'
export { energyDistance, type SampleDistanceOptions, wassersteinDistance } from './wasserstein'
