/** The OpenMetrics text format: reading it. It is written by `toOpenMetrics` of `millwright/ports`. */
export type { OpenMetricsType } from './family-rules'
export { type OpenMetricsFamily, parseOpenMetrics } from './parse'
export type { Exemplar, ParsedSample } from './sample-line'
