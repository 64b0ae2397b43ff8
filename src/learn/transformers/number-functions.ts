/** The functions of one number that `functionTransformer` knows by name. */

/** A function of one number that `functionTransformer` knows by name; `NaN` gives `NaN`. */
export type NumberFunction = keyof ReturnType<typeof numberFunctions>

/** The functions by name; NumPy's, in camel case where they have two words. */
export function numberFunctions() {
  return {
    abs: Math.abs,
    cbrt: Math.cbrt,
    ceil: Math.ceil,
    cos: Math.cos,
    exp: Math.exp,
    expm1: Math.expm1,
    floor: Math.floor,
    log: Math.log,
    log10: Math.log10,
    log1p: Math.log1p,
    log2: Math.log2,
    negative: (x: number): number => -x,
    reciprocal: (x: number): number => 1 / x,
    sign: Math.sign,
    sin: Math.sin,
    sqrt: Math.sqrt,
    square: (x: number): number => x * x,
    tanh: Math.tanh,
  }
}
