import { describe, expect, it } from 'vitest'
import { createBatchWindow } from '../../../src/predictor/batch-window'

/** A window that has seen executions of `sizes` rows, each `perRow` per row and `fixed` beside, and arrivals at intervals of `gap`. */
function seen({ perRow, fixed, gap, sizes = [1, 4, 2, 8, 3, 6, 5, 7] }: { perRow: number; fixed: number; gap: number; sizes?: number[] }) {
  const window = createBatchWindow({ maxDelayMs: 5, adaptive: true })
  for (let i = 0; i < 40; i++) {
    const rows = sizes[i % sizes.length] as number
    window.arrived(i * gap)
    window.executed(rows, rows * perRow + fixed)
  }
  return window
}

describe('createBatchWindow', () => {
  it('is the maximum until enough executions are known, and always without `adaptive`', () => {
    const window = createBatchWindow({ maxDelayMs: 5, adaptive: true })
    expect(window.delayMs).toBe(5)
    for (let i = 0; i < 7; i++) window.executed(1, 0.01)
    expect(window.delayMs).toBe(5)
    expect(window.predict(100, 10)).toBe(0)
    window.executed(1, 0.01)
    expect(window.delayMs).toBe(0)
    const fixed = createBatchWindow({ maxDelayMs: 5, adaptive: false })
    for (let i = 0; i < 50; i++) fixed.executed(1, 0.01)
    expect(fixed.delayMs).toBe(5)
  })

  it('is the fixed cost of an execution where further calls are expected in that time', () => {
    expect(seen({ perRow: 0.1, fixed: 3, gap: 0.5 }).delayMs).toBeCloseTo(3, 6)
    expect(seen({ perRow: 0.1, fixed: 30, gap: 0.5 }).delayMs).toBe(5)
  })

  it('is 0 where the wait would cost more than it saves', () => {
    expect(seen({ perRow: 0.1, fixed: 3, gap: 4 }).delayMs).toBe(0)
    expect(seen({ perRow: 2, fixed: 0, gap: 0.5 }).delayMs).toBe(0)
  })

  it('predicts what a queue takes', () => {
    expect(seen({ perRow: 0.1, fixed: 3, gap: 1 }).predict(50, 2)).toBeCloseTo(11, 6)
  })

  it('takes batches of one size for executions of fixed cost', () => {
    const window = seen({ perRow: 0, fixed: 2, gap: 1, sizes: [1] })
    expect(window.delayMs).toBeCloseTo(2, 6)
    expect(window.predict(3, 3)).toBeCloseTo(6, 6)
  })
})
