/** What only Node (and runtimes with Node's modules) can do: the file system, SQLite, an HTTP server. */

export { type FsStorageOptions, fsStorage } from './adapters/fs/fs-storage'
export { folderFiles } from './adapters/node/folder-files'
export { type NodeEnvironmentOptions, nodeEnvironment } from './adapters/node/node-environment'
export { type NodeSystemMetricsOptions, nodeSystemMetrics } from './adapters/node/node-system-metrics'
export { type SqliteRegistryOptions, sqliteRegistry } from './adapters/sqlite/registry/sqlite-registry'
export { type SqliteTrackerOptions, sqliteTracker } from './adapters/sqlite/tracker/sqlite-tracker'
export {
  type ExpressRequest,
  expressMount,
  type FastifyLike,
  type FastifyReplyLike,
  type FastifyRequestLike,
  fastifyMount,
  type MountableHandler,
  nodeListener,
} from './serve/mounts'
export type { ExchangeHandler, NodeRequest, NodeResponse, ServedAnswer, ServedExchange } from './serve/node-exchange'
export { type NodeHandler, type NodeServer, type NodeServerOptions, startNodeServer } from './serve/node-server'
export type { ServeOptions } from './serve/serve'
export { serve } from './wiring/serve'
export { type RunStepCommandOptions, runStepCommand } from './wiring/step-command'
