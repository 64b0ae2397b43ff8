/** What only Node (and runtimes with Node's modules) can do: the file system, SQLite, an HTTP server. */
import { type NodeServer, type NodeServerOptions, startNodeServer } from './adapters/server/node-server'
import { createHandler, type HandlerOptions, type Served } from './serve'

export { type NodeEnvironmentOptions, nodeEnvironment } from './adapters/environment/node-environment'
export { type NodeHandler, type NodeServer, type NodeServerOptions, startNodeServer } from './adapters/server/node-server'
export { type FsStorageOptions, fsStorage } from './adapters/storage/fs'
export { type SqliteTrackerOptions, sqliteTracker } from './adapters/tracker/sqlite'

/** Options of {@link serve}: those of the handler and those of the server. */
export interface ServeOptions extends HandlerOptions, NodeServerOptions {}

/**
 * Serves predictors over HTTP: `/predict`, `/healthz`, `/readyz`, `/metrics`, `/openapi.json`, `/docs`.
 *
 * @example const server = await serve(predictor, { port: 8000 }); await server.close()
 * @throws Unavailable when the port is in use, PermissionDenied when it may not be taken, InvalidArgument on bad options
 */
export function serve(served: Served, options: ServeOptions = {}): Promise<NodeServer> {
  const { port, host, signal, headersTimeoutMs, requestTimeoutMs, keepAliveTimeoutMs, drainDelayMs, graceMs, handleSignals, ...rest } =
    options
  const server = {
    port,
    host,
    signal,
    headersTimeoutMs,
    requestTimeoutMs,
    keepAliveTimeoutMs,
    drainDelayMs,
    graceMs,
    handleSignals,
    clock: rest.clock,
  }
  return startNodeServer(createHandler(served, rest), server)
}
