/** What only Node (and runtimes with Node's modules) can do: the file system, SQLite, an HTTP server. */
export { folderFiles } from './adapters/environment/folder-files'
export { type NodeEnvironmentOptions, nodeEnvironment } from './adapters/environment/node-environment'
export { type NodeSystemMetricsOptions, nodeSystemMetrics } from './adapters/environment/node-system-metrics'
export { type SqliteRegistryOptions, sqliteRegistry } from './adapters/registry/sqlite'
export {
  type ExpressRequest,
  expressMount,
  type FastifyLike,
  type FastifyReplyLike,
  type FastifyRequestLike,
  fastifyMount,
  type MountableHandler,
  nodeListener,
} from './adapters/server/mounts'
export type { ExchangeHandler, NodeRequest, NodeResponse, ServedAnswer, ServedExchange } from './adapters/server/node-exchange'
export { type NodeHandler, type NodeServer, type NodeServerOptions, startNodeServer } from './adapters/server/node-server'
export { type FsStorageOptions, fsStorage } from './adapters/storage/fs'
export { type SqliteTrackerOptions, sqliteTracker } from './adapters/tracker/sqlite'
export { type ServeOptions, serve } from './serve-node'
