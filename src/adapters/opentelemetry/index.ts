/** OpenTelemetry: metrics through a meter, and spans of predictions, runs and pipeline steps. */
export { type OtelMeter, type OtelObservable, type OtelResult, toOpenTelemetry } from './metrics'
export {
  type OtelApi,
  type OtelAttribute,
  type OtelSpan,
  type OtelTracer,
  type TracedPipeline,
  type TracedPipelineRun,
  type TracedPredictor,
  type TracedRun,
  type TracedStepResult,
  type TracedTracker,
  type TraceOptions,
  traceWith,
} from './spans'
