/** Arithmetic in a graph, in float64: each function writes nodes and gives the name of the result. Operands are values of the graph or numbers. */
import type { Features } from './features'

/** A value of the graph, or a number. */
export type Operand = string | number

/** The arithmetic of a graph. */
export type Arithmetic = ReturnType<typeof arithmetic>

/** Functions that write to the graph of `features`. */
export function arithmetic(features: Features) {
  const { graph } = features
  const value = (operand: Operand): string => (typeof operand === 'string' ? operand : features.numbers([], [operand]))
  const node = (op: string, ...operands: readonly Operand[]): string => graph.node(op, operands.map(value))
  const add = (a: Operand, b: Operand): string => node('Add', a, b)
  const sub = (a: Operand, b: Operand): string => node('Sub', a, b)
  const mul = (a: Operand, b: Operand): string => node('Mul', a, b)
  const div = (a: Operand, b: Operand): string => node('Div', a, b)
  const equal = (a: Operand, b: Operand): string => node('Equal', a, b)
  const where = (condition: string, then: Operand, otherwise: Operand): string =>
    graph.node('Where', [condition, value(then), value(otherwise)])
  return {
    add,
    sub,
    mul,
    div,
    equal,
    where,
    /** A function of one value, by the name of its operator. */
    of: (op: string, a: Operand): string => node(op, a),
    less: (a: Operand, b: Operand): string => node('Less', a, b),
    atLeast: (a: Operand, b: Operand): string => node('GreaterOrEqual', a, b),
    power: (a: Operand, b: Operand): string => node('Pow', a, b),
    /** The whole part of a quotient, rounded down. */
    over: (a: Operand, b: Operand): string => node('Floor', div(a, b)),
    /** log(1 + x), exact where x is small (Kahan). */
    log1p(x: string): string {
      const sum = add(x, 1)
      const log = node('Log', sum)
      const lost = mul(log, div(x, sub(sum, 1)))
      return where(equal(sum, 1), x, where(equal(sum, x), log, lost))
    },
    /** e^x − 1, exact where x is small (Kahan). */
    expm1(x: string): string {
      const exp = node('Exp', x)
      const rest = sub(exp, 1)
      const exact = mul(rest, div(x, node('Log', exp)))
      // Where e^x is 1, far above 1, or nothing beside it, nothing was lost.
      return where(equal(exp, 1), x, where(equal(rest, -1), -1, where(equal(rest, exp), rest, exact)))
    },
  }
}
