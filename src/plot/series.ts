/** What the charts of several series share: colours, rules, and values without missing ones. */
import type { OptionRule } from '../core/options'
import type { Colour } from './colours'
import { drawable } from './linear-scale'

/** Colours of `count` series in order: one is blue; of several the first, which others are compared with, is grey. */
export function seriesColours(count: number): readonly Colour[] {
  const order: readonly Colour[] = count === 1 ? ['a'] : ['b', 'a', 'c', 'd', 'e']
  return Array.from({ length: count }, (_, i) => order[i % order.length] as Colour)
}

/** Colours of `count` series of equal rank. */
export function equalColours(count: number): readonly Colour[] {
  const order: readonly Colour[] = ['a', 'c', 'd', 'e', 'b']
  return Array.from({ length: count }, (_, i) => order[i % order.length] as Colour)
}

/** A rule for one to `most` named series. */
export function seriesRule(words: string, most: number, test: (item: object) => boolean): OptionRule {
  const isSeries = (item: unknown): boolean =>
    typeof item === 'object' && item !== null && 'name' in item && typeof item.name === 'string' && test(item)
  return {
    allowed: `an array of one to ${most} ${words}`,
    test: (value) => Array.isArray(value) && value.length > 0 && value.length <= most && value.every(isSeries),
  }
}

/** Whether a value is a list of numbers: an array or a typed array. */
export function isNumbers(value: unknown): value is ArrayLike<number> {
  return (Array.isArray(value) && value.every((item) => typeof item === 'number')) || (ArrayBuffer.isView(value) && 'length' in value)
}

/** The finite values, as far as they can be drawn. */
export function finiteValues(values: ArrayLike<number>): Float64Array {
  return Float64Array.from(values).filter(Number.isFinite).map(drawable)
}
