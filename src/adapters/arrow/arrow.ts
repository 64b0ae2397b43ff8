/** Arrow IPC into datasets and back. */
export type { ArrowLib } from './library'
export { type ReadArrowOptions, readArrow } from './read-arrow'
export { type ToArrowOptions, toArrow } from './write-arrow'
