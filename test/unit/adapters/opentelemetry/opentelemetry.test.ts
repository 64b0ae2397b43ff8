import * as api from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { AggregationTemporality, InMemoryMetricExporter, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics'
import { BasicTracerProvider, InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { functionModel } from '../../../../src/adapters/function/function-runtime'
import { memoryTracker } from '../../../../src/adapters/memory/memory-tracker'
import { toOpenTelemetry, traceWith } from '../../../../src/adapters/opentelemetry'
import { Pipeline } from '../../../../src/pipeline'
import type { MetricFamily } from '../../../../src/ports/metric-family'
import { Predictor } from '../../../../src/predictor'
import { createHistogram } from '../../../../src/predictor/histogram'
import { createTracker } from '../../../../src/wiring/create-tracker'

const spans = new InMemorySpanExporter()
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] })
beforeAll(() => {
  api.trace.setGlobalTracerProvider(provider)
  api.context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
})
afterAll(() => {
  api.trace.disable()
  api.context.disable()
})
beforeEach(() => spans.reset())

function shown(all: readonly ReadableSpan[]): unknown[] {
  const names = new Map(all.map((span) => [span.spanContext().spanId, span.name]))
  return all.map((span) => [span.name, names.get(span.parentSpanContext?.spanId ?? '') ?? null, span.status.code, span.attributes])
}

describe('spans', () => {
  it('are one for each call of a predictor, under the span of the caller', async () => {
    const signature = { inputs: [{ name: 'x', type: 'float64' }], outputs: [] } as const
    const predictor = Predictor.of(
      functionModel(({ x }) => Number(x) * 2, { name: 'twice', signature }),
      { name: 'twice', version: '3' },
    )
    const stop = traceWith({ api, predictors: [predictor] })
    const tracer = api.trace.getTracer('app')
    await tracer.startActiveSpan('POST /predict', async (request) => {
      await predictor.predict([{ x: 1 }, { x: 2 }, { x: 3 }])
      await predictor.predict([{ x: 1 }])
      await expect(predictor.predict([{ x: 'a' }] as never)).rejects.toThrow()
      request.end()
    })
    stop()
    await predictor.predict([{ x: 1 }])
    const named = { 'millwright.model.name': 'twice', 'millwright.model.version': '3' }
    expect(shown(spans.getFinishedSpans())).toEqual([
      ['predict twice', 'POST /predict', 0, { ...named, 'millwright.rows': 3, 'millwright.cached_rows': 0 }],
      ['predict twice', 'POST /predict', 0, { ...named, 'millwright.rows': 1, 'millwright.cached_rows': 0 }],
      ['predict twice', 'POST /predict', 2, { ...named, 'millwright.rows': 1, 'millwright.refused_rows': 1 }],
      ['POST /predict', null, 0, {}],
    ])
    expect(spans.getFinishedSpans()[2]?.events.map(({ name }) => name)).toEqual(['input refused', 'exception'])
    await predictor.close()
  })

  it('are one for each run', async () => {
    const tracker = createTracker({ backend: memoryTracker() })
    const stop = traceWith({ api, trackers: [tracker] })
    await tracker.run({ experiment: 'e', name: 'good' }, async (run) => run.logMetric('m', 1))
    await expect(
      tracker.run({ experiment: 'e', name: 'bad' }, async () => {
        throw new Error('no')
      }),
    ).rejects.toThrow('no')
    stop()
    expect(shown(spans.getFinishedSpans())).toMatchObject([
      ['run good', null, 0, { 'millwright.run.status': 'finished' }],
      ['run bad', null, 2, { 'millwright.run.status': 'failed' }],
    ])
    await tracker.close()
  })

  it('are one for each step of a pipeline, below its run', async () => {
    let tries = 0
    const pipeline = new Pipeline('nightly')
      .step('read', { run: () => 1 })
      .step('fit', {
        needs: ['read'],
        retry: { attempts: 2, backoffMs: 0 },
        run: () => {
          if (tries++ === 0) throw new Error('flaky')
          return 2
        },
      })
      .step('test', {
        needs: ['fit'],
        run: (): number => {
          throw new Error('worse')
        },
      })
      .step('promote', { needs: ['test'], run: () => 4 })
    const stop = traceWith({ api, pipelines: [pipeline] })
    await pipeline.run({}).catch(() => {})
    stop()
    const all = spans.getFinishedSpans()
    expect(shown(all)).toMatchObject([
      ['step read', 'pipeline nightly', 0, { 'millwright.step.status': 'succeeded' }],
      ['step fit', 'pipeline nightly', 0, { 'millwright.step.status': 'succeeded' }],
      ['step test', 'pipeline nightly', 2, { 'millwright.step.status': 'failed' }],
      ['step promote', 'pipeline nightly', 0, { 'millwright.step.status': 'skipped' }],
      ['pipeline nightly', null, 2, { 'millwright.run.status': 'failed' }],
    ])
    expect(all[1]?.events.map(({ name }) => name)).toEqual(['attempt'])
  })

  it('need the module of the API', () => {
    expect(() => traceWith({} as never)).toThrow('traceWith needs `api`')
    expect(() => traceWith({ api: {} } as never)).toThrow('`api` of traceWith must be the module @opentelemetry/api')
    expect(() => traceWith({ api, predictors: [{}] } as never)).toThrow('traceWith traces predictors, trackers and pipelines')
  })
})

describe('metrics', () => {
  it('are observable instruments of a meter', async () => {
    const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
    const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })
    const meters = new MeterProvider({ readers: [reader] })
    const histogram = createHistogram([0.5])
    for (const value of [0.25, 0.75]) histogram.add(value)
    const families: MetricFamily[] = [
      { name: 'millwright_rows', type: 'counter', help: 'Rows.', samples: [{ labels: { model: 'a' }, value: 3 }] },
      { name: 'millwright_duration_seconds', type: 'histogram', help: 'Time.', samples: [{ labels: {}, value: histogram.snapshot() }] },
    ]
    const stop = toOpenTelemetry(meters.getMeter('millwright'), () => families)
    families.push({ name: 'millwright_drift_score', type: 'gauge', help: 'Drift.', samples: [{ labels: { column: 'temp' }, value: 0.5 }] })
    await reader.forceFlush()
    await reader.forceFlush()
    const last = exporter.getMetrics().at(-1)?.scopeMetrics[0]?.metrics ?? []
    const found = last.map(({ descriptor, dataPoints }) => [
      descriptor.name,
      descriptor.unit,
      dataPoints.map(({ attributes, value }) => [attributes, value]),
    ])
    expect(found).toEqual([
      ['millwright.rows', '', [[{ model: 'a' }, 3]]],
      [
        'millwright.duration.bucket',
        '',
        [
          [{ le: '0.5' }, 1],
          [{ le: '+Inf' }, 2],
        ],
      ],
      ['millwright.duration.sum', 's', [[{}, 1]]],
      ['millwright.duration.count', '', [[{}, 2]]],
      ['millwright.drift_score', '', [[{ column: 'temp' }, 0.5]]],
    ])
    stop()
    await meters.shutdown()
    expect(() => toOpenTelemetry({} as never, () => [])).toThrow('toOpenTelemetry needs a meter of OpenTelemetry')
  })
})
