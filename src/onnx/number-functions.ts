/** The functions that `functionTransformer` knows by name, in ONNX graphs. */
import type { NumberFunction } from '../learn/transformers/number-functions'
import type { Arithmetic } from './arithmetic'

/** Functions that ONNX has an operator for. */
const operators: Readonly<Partial<Record<NumberFunction, string>>> = {
  abs: 'Abs',
  ceil: 'Ceil',
  cos: 'Cos',
  exp: 'Exp',
  floor: 'Floor',
  log: 'Log',
  negative: 'Neg',
  reciprocal: 'Reciprocal',
  sign: 'Sign',
  sin: 'Sin',
  sqrt: 'Sqrt',
  tanh: 'Tanh',
}

/** Applies a function to every number of a tensor. */
export function writeNumberFunction(math: Arithmetic, name: NumberFunction, x: string): string {
  const operator = operators[name]
  if (operator !== undefined) return math.of(operator, x)
  switch (name) {
    case 'expm1':
      return math.expm1(x)
    case 'log1p':
      return math.log1p(x)
    case 'log10':
      return math.mul(math.of('Log', x), Math.LOG10E)
    case 'log2':
      return math.mul(math.of('Log', x), Math.LOG2E)
    case 'square':
      return math.mul(x, x)
    default:
      return cubeRoot(math, x)
  }
}

/** The power one third of the size, and one step of Newton's, which makes cubes of whole numbers whole again. */
function cubeRoot({ of, mul, sub, div, power, where, equal }: Arithmetic, x: string): string {
  const near = mul(of('Sign', x), power(of('Abs', x), 1 / 3))
  const square = mul(near, near)
  const step = div(sub(mul(square, near), x), mul(3, square))
  // Of 0 and infinity there is no step.
  return where(equal(sub(step, step), 0), sub(near, step), near)
}
