/**
 * Gradients as whole numbers. Sums of whole numbers below 2⁵³ are exact in any order, so a histogram can be taken from another one, or be
 * counted in parts, and the trees are the same on every runtime.
 */

/** 2⁵². */
const MOST = 4_503_599_627_370_496

/** The units of whole-number sums. */
export interface ExactUnits {
  /** A sum of gradients × this is the real sum. */
  gradientUnit: number
  /** A sum of curvatures × this is the real sum. */
  curvatureUnit: number
  /** A packed sum holds `count × countUnit + curvature`. */
  countUnit: number
}

/**
 * Scales gradients and curvatures (≥ 0) to whole numbers, as fine as the number of rows leaves room for: for 100,000 rows 2⁻³⁵ of the largest
 * gradient, and 2⁻¹⁸ of the largest curvature.
 *
 * @param derivatives gets, by row, the gradient, and the curvature with the row's count of 1 above its bits
 * @param units gets the units
 */
export function scaleDerivatives(units: ExactUnits, derivatives: Float64Array, gradient: Float64Array, curvature: Float64Array): void {
  const n = gradient.length
  const rows = powerAbove(n + 1)
  let mostGradient = 0
  let mostCurvature = 0
  for (let row = 0; row < n; row++) {
    const size = Math.abs(gradient[row] as number)
    if (size > mostGradient) mostGradient = size
    const curve = curvature[row] as number
    if (curve > mostCurvature) mostCurvature = curve
  }
  const gradientScale = MOST / rows / powerAbove(mostGradient)
  const steps = Math.max(1, Math.min(16_777_216, MOST / rows / rows))
  const curvatureScale = steps / powerAbove(mostCurvature)
  const countUnit = steps * rows
  for (let row = 0; row < n; row++) {
    derivatives[2 * row] = Math.floor((gradient[row] as number) * gradientScale + 0.5)
    derivatives[2 * row + 1] = countUnit + Math.floor((curvature[row] as number) * curvatureScale + 0.5)
  }
  units.gradientUnit = 1 / gradientScale
  units.curvatureUnit = 1 / curvatureScale
  units.countUnit = countUnit
}

/** The smallest power of two that is not below `value`; 1 for 0. Found by doubling, which is exact. */
function powerAbove(value: number): number {
  if (value === 0) return 1
  let power = 1
  while (power < value) power *= 2
  while (power / 2 >= value) power /= 2
  return power
}
