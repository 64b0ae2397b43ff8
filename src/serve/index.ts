/** `millwright/serve`: models over HTTP on web standards. */

export type { MetricFamily, MetricSample } from '../ports/metric-family'
export type { ServedModel } from '../predictor/to-predictor'
export type { HttpAnswer, HttpBody, HttpExchange, Problem, Protocol, Route, RouteContext } from './exchange'
export { jsonAnswer } from './exchange'
export { createHandler, type Handler, type HandlerLimits, type HandlerOptions } from './handler'
export { mlflowProtocol } from './mlflow'
export { openInferenceProtocol } from './open-inference'
export { HttpProblem } from './problem'
export type { Served } from './served'
