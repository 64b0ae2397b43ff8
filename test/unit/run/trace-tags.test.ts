import { describe, expect, it } from 'vitest'
import { memoryTracker } from '../../../src/adapters/memory/memory-tracker'
import { createBareTracker as createTracker } from '../../../src/run'

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const spanId = '00f067aa0ba902b7'

describe('trace', () => {
  it('becomes tags, from a traceparent or a span context', async () => {
    const tracker = createTracker({ backend: memoryTracker() })
    for (const trace of [
      `00-${traceId}-${spanId}-01`,
      `cc-${traceId}-${spanId}-00-more`,
      { traceId, spanId, traceFlags: 1, isRemote: true },
    ]) {
      const { runId } = await tracker.startRun({ trace })
      expect((await tracker.getRun(runId)).tags).toMatchObject({ 'millwright.trace_id': traceId, 'millwright.span_id': spanId })
    }
    const { runId } = await tracker.startRun({ trace: { traceId } })
    expect(Object.keys((await tracker.getRun(runId)).tags)).not.toContain('millwright.span_id')
  })

  it('is refused when it is none', async () => {
    const tracker = createTracker({ backend: memoryTracker() })
    const zero = '0'.repeat(32)
    for (const trace of [
      'x',
      `ff-${traceId}-${spanId}-01`,
      `00-${zero}-${spanId}-01`,
      { traceId: traceId.toUpperCase() },
      { traceId, spanId: 'x' },
    ]) {
      await expect(tracker.startRun({ trace }), JSON.stringify(trace)).rejects.toMatchObject({ code: 'InvalidArgument' })
    }
    expect(await tracker.search()).toEqual([])
  })
})
