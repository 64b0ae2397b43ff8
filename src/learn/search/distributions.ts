/** What a hyper-parameter may be: ranges to draw from, and lists to choose from. */
import { invalidArgument, show } from '../../core/errors'
import type { Rng } from '../../core/random'

/** A value of a hyper-parameter: plain JSON. `null` sets the option back to its default. */
export type ParamValue = string | number | boolean | null | readonly ParamValue[] | { readonly [name: string]: ParamValue }

/** The values of one trial, by name. */
export type ParamValues = Readonly<Record<string, ParamValue>>

/** A range of numbers. Plain JSON, made by {@link uniform}, {@link logUniform} and {@link int}. */
export interface NumberDistribution {
  readonly kind: 'uniform' | 'int'
  /** The least value. */
  readonly low: number
  /** The greatest value, included. */
  readonly high: number
  /** Whether the logarithm is drawn evenly. */
  readonly log: boolean
  /** Of whole numbers: the distance between neighbouring values; 1 with `log`. */
  readonly step?: number | undefined
}

/** A list of values, each as likely. Plain JSON, made by {@link choice}. */
export interface ChoiceDistribution {
  readonly kind: 'choice'
  readonly values: readonly ParamValue[]
}

/** What one hyper-parameter may be. */
export type Distribution = NumberDistribution | ChoiceDistribution

/** What each hyper-parameter may be, by name; a list stands for `choice(list)`. */
export type SearchSpace = Readonly<Record<string, Distribution | readonly ParamValue[]>>

/** Real numbers from `low` to `high`, each as likely. @throws InvalidArgument */
export function uniform(low: number, high: number): NumberDistribution {
  return checked('uniform', { kind: 'uniform', low, high, log: false })
}

/** Real numbers from `low` to `high` whose logarithm is even: as many from 0.001 to 0.01 as from 0.01 to 0.1. @throws InvalidArgument unless `low` > 0 */
export function logUniform(low: number, high: number): NumberDistribution {
  return checked('logUniform', { kind: 'uniform', low, high, log: true })
}

/**
 * Whole numbers from `low` to `high`, both included.
 *
 * @param options `step`: only every so many; `log`: small ones more often, as {@link logUniform}
 * @throws InvalidArgument
 */
export function int(
  low: number,
  high: number,
  options: { readonly step?: number | undefined; readonly log?: boolean | undefined } = {},
): NumberDistribution {
  const { step = 1, log = false } = options
  const isWhole = Number.isSafeInteger(low) && Number.isSafeInteger(high) && Number.isSafeInteger(step)
  if (!isWhole || step < 1)
    throw invalidArgument(`int takes whole numbers and a \`step\` ≥ 1, got ${show(low)}, ${show(high)}, ${show(step)}`)
  if (log && step !== 1) throw invalidArgument('int takes `step` or `log`, not both')
  return checked('int', { kind: 'int', low, high: low + Math.floor((high - low) / step) * step, log, step })
}

/** One of some values, each as likely. @throws InvalidArgument for none */
export function choice(values: readonly ParamValue[]): ChoiceDistribution {
  if (!Array.isArray(values) || values.length === 0) throw invalidArgument(`choice takes a list of at least one value, got ${show(values)}`)
  return { kind: 'choice', values }
}

function checked(name: string, distribution: NumberDistribution): NumberDistribution {
  const { low, high, log } = distribution
  if (!Number.isFinite(low) || !Number.isFinite(high) || low > high) {
    throw invalidArgument(`${name} takes two numbers, the smaller first, got ${show(low)} and ${show(high)}`)
  }
  if (log && low <= 0) throw invalidArgument(`${name} needs numbers above 0 for a logarithm, got ${show(low)}`)
  return distribution
}

/** A space whose lists are choices. @throws InvalidArgument naming what is no distribution */
export function distributionsOf(operation: string, space: SearchSpace): ReadonlyMap<string, Distribution> {
  const isRecord = typeof space === 'object' && space !== null && !Array.isArray(space)
  if (!isRecord || Object.keys(space).length === 0) {
    throw invalidArgument(`${operation} needs \`params\`, what each hyper-parameter may be, got ${show(space)}`, {
      hint: "params: { 'randomForestClassifier.maxDepth': int(2, 20) }",
    })
  }
  return new Map(
    Object.entries(space).map(([name, given]) => {
      if (Array.isArray(given)) return [name, choice(given)]
      const kind = (given as { kind?: unknown } | null)?.kind
      if (kind === 'choice' || kind === 'uniform' || kind === 'int') return [name, given as Distribution]
      throw invalidArgument(
        `\`params\` of ${operation} has ${show(given)} for ${show(name)}; it takes int, uniform, logUniform, choice or a list`,
      )
    }),
  )
}

/** A value drawn at random. */
export function draw(distribution: Distribution, rng: Rng): ParamValue {
  if (distribution.kind === 'choice') return distribution.values[rng.int(distribution.values.length)] as ParamValue
  const [from, to] = drawnRange(distribution)
  return fromDrawn(distribution, from + (to - from) * rng.next())
}

/** The range of what is drawn evenly: logarithms where `log`; whole numbers reach half a step beyond their ends. */
export function drawnRange({ kind, low, high, log, step = 1 }: NumberDistribution): readonly [number, number] {
  const half = kind === 'int' ? step / 2 : 0
  return log ? [Math.log(low - half), Math.log(high + half)] : [low - half, high + half]
}

/** The value of a drawn number, and back. */
export function fromDrawn({ kind, low, high, log, step = 1 }: NumberDistribution, drawn: number): number {
  const value = log ? Math.exp(drawn) : drawn
  const whole = kind === 'int' ? low + Math.round((value - low) / step) * step : value
  return Math.min(high, Math.max(low, whole))
}

/** The drawn number of a value. */
export function toDrawn({ log }: NumberDistribution, value: number): number {
  return log ? Math.log(value) : value
}

/** All values, or `undefined` where there are infinitely many. */
export function valuesOf(distribution: Distribution): readonly ParamValue[] | undefined {
  if (distribution.kind === 'choice') return distribution.values
  const { kind, low, high, step = 1 } = distribution
  if (low === high) return [low]
  if (kind !== 'int' || (high - low) / step > 1e6) return undefined
  return Array.from({ length: (high - low) / step + 1 }, (_, i) => low + i * step)
}
