/** Weights & Biases: writes offline run directories for any backend, and imports them into any backend. */

export type { EndStatus } from '../../ports/tracker-backend'
export { type ImportWandbRunOptions, importWandbRun, type WandbImport } from './import'
export { type WandbOfflineOptions, wandbOffline } from './offline'
export { type ReadWandbRunOptions, readWandbRun, type WandbRow, type WandbRun, type WandbStats, type WandbValues } from './read'
export { type WriteWandbRunOptions, writeWandbRun } from './write-run'
