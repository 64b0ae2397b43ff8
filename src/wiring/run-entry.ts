/** `millwright/run`: experiments and runs. */
export * from '../run'
export { createTracker, type TrackerOptions } from './create-tracker'
