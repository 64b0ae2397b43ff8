/** A clock moved by hand, a model that can be watched, a source of models. */
import { type FunctionModelOptions, functionModel, type RowFunction } from '../../../src/adapters/function/function-runtime'
import type { Clock } from '../../../src/core/clock'
import { MillwrightError } from '../../../src/core/errors'
import type { LoadedModel, ModelPackage, ModelSource } from '../../../src/ports/model'
import type { ModelSignature } from '../../../src/schema/signature'
import { rowsOf } from '../../../src/schema/table'

export interface HandClock extends Clock {
  /** Moves time on and rings the timers that are due, in order. */
  advance(milliseconds: number): void
  readonly timers: number
}

export function handClock(): HandClock {
  let time = 0
  let timers: { at: number; callback: () => void }[] = []
  return {
    now: () => time,
    schedule(callback, delayMs) {
      const timer = { at: time + delayMs, callback }
      timers.push(timer)
      return () => {
        timers = timers.filter((other) => other !== timer)
      }
    },
    advance(milliseconds) {
      const until = time + milliseconds
      for (;;) {
        const next = timers.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0]
        if (next === undefined) break
        timers = timers.filter((timer) => timer !== next)
        time = Math.max(time, next.at)
        next.callback()
      }
      time = until
    },
    get timers() {
      return timers.length
    },
  }
}

/** Lets every microtask that is ready run. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 50; i++) await Promise.resolve()
}

export const doubled: ModelSignature = { inputs: [{ name: 'x', type: 'float64' }], outputs: [{ name: 'y', type: 'float64' }] }

/** Doubles `x`; tells the sizes of its batches; waits at a gate when closed; fails on batches that hold 13. */
export interface WatchedModel extends LoadedModel {
  readonly batches: number[]
  readonly disposed: () => number
  /** Makes runs wait from now on; the returned function lets all of them go on. */
  hold(): () => void
}

export function watchedModel(factor = 2): WatchedModel {
  const batches: number[] = []
  let disposed = 0
  let gate: Promise<void> | undefined
  return {
    signature: doubled,
    task: 'regression',
    batches,
    disposed: () => disposed,
    hold() {
      let open = (): void => {}
      gate = new Promise((resolve) => {
        open = resolve
      })
      return () => {
        gate = undefined
        open()
      }
    },
    async run(input) {
      const rows = rowsOf(input)
      batches.push(rows.length)
      if (gate) await gate
      if (rows.some(({ x }) => x === 13)) throw new Error('13 brings bad luck')
      return { predictions: rows.map(({ x }) => Number(x) * factor) }
    },
    async dispose() {
      disposed++
    },
  }
}

export function packed(predict: RowFunction, options: Partial<FunctionModelOptions> = {}): ModelPackage {
  return functionModel(predict, { name: 'f', signature: doubled, ...options }).pack()
}

/** A source whose models and aliases can be changed. */
export function sourceOf(models: Record<string, ModelPackage>, aliases: Record<string, string>): ModelSource {
  return {
    async openModel(reference) {
      const [name = '', what = ''] = reference.split('@')
      const version = aliases[what] ?? what
      const found = models[version]
      if (found === undefined)
        throw new MillwrightError('NotFound', `no version ${version} of ${name}; there are ${Object.keys(models).join(', ')}`)
      return { name, version, package: found }
    },
  }
}
