/** `serve`: models over HTTP on Node in one call. Reached through `millwright/node` only. */
import { type NodeServer, type NodeServerOptions, startNodeServer } from './adapters/server/node-server'
import { createHandler, type HandlerOptions, type Served } from './serve/handler'
import { mlflowProtocol } from './serve/mlflow'
import { openInferenceProtocol } from './serve/open-inference'

/** Options of {@link serve}: those of the server and those of the handler. */
export interface ServeOptions extends NodeServerOptions, HandlerOptions {}

/**
 * Serves one predictor, or several by name, over HTTP: `/predict`, `/models/:name/predict`, `/healthz`, `/readyz`, `/metrics`,
 * `/openapi.json`, `/docs`, MLflow's `/invocations`, and health and metadata of the Open Inference Protocol below `/v2`.
 *
 * `close()` of the result stops gracefully and leaves the predictors open.
 *
 * @example
 * const server = await serve(predictor, { port: 0 })
 * console.log(server.url)
 * await server.close()
 * @throws Unavailable when the port is in use, PermissionDenied when it may not be taken, InvalidArgument on bad options
 */
export async function serve(served: Served, options: ServeOptions = {}): Promise<NodeServer> {
  const { title, basePath, limits, protocols = [mlflowProtocol(), openInferenceProtocol()], collect, logger, clock, ...server } = options
  const handler = createHandler(served, { title, basePath, limits, protocols, collect, logger, clock })
  return startNodeServer(handler, { ...server, clock })
}
