/** Everything that a detector can compare with. */
import {
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
import type { DriftParts } from './drift-parts'
import {
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
import { driftSketches } from './sketch-reference'

/** The parts of {@link DriftDetector}: every method, and sketches. */
export const allParts: DriftParts = {
  methods: [
    cramerVonMisesMethod,
    andersonDarlingMethod,
    mannWhitneyMethod,
    tTestMethod,
    welchMethod,
    eppsSingletonMethod,
    mmdMethod,
    wassersteinMethod,
    energyMethod,
    gTestMethod,
    goodnessOfFitMethod,
    zTestMethod,
    fisherMethod,
    klDivergenceMethod,
    jensenShannonMethod,
    hellingerMethod,
    totalVariationMethod,
    lInfinityMethod,
  ],
  sketches: driftSketches,
}
