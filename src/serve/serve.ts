/** `serve`: models over HTTP on Node in one call. Reached through `millwright/node` only. */

import { MillwrightError } from '../core/errors'
import { checkOptions } from '../core/options'
import { createHandler, type HandlerOptions, handlerRules } from './handler'
import { mlflowProtocol } from './mlflow'
import { type NodeServer, type NodeServerOptions, nodeServerRules, startNodeServer } from './node-server'
import { openInferenceProtocol } from './open-inference/protocol'
import { type Served, servedModels } from './served'
import { tensorflowProtocol } from './tensorflow'

/** Options of {@link serve}: those of the server and those of the handler. */
export interface ServeOptions extends NodeServerOptions, HandlerOptions {}

/**
 * Serves one model, or several by name, over HTTP: `/predict`, `/models/:name/predict`, `/healthz`, `/readyz`, `/metrics`,
 * `/openapi.json`, `/docs`, MLflow's `/invocations`, the Open Inference Protocol below `/v2`, and TensorFlow Serving's below `/v1`.
 *
 * `close()` of the result stops gracefully and leaves the predictors open. Models that are no predictors (fitted models, `functionModel`) get one
 * with the default options, which is closed with the server.
 *
 * @example
 * const server = await serve(fitted, { port: 0 })
 * console.log(server.url)
 * await server.close()
 * @throws Unavailable when the port is in use, PermissionDenied when it may not be taken, InvalidArgument on bad options or
 * what is no model, InvalidState for a predictor that is closed
 */
export async function serve(served: Served, options: ServeOptions = {}): Promise<NodeServer> {
  checkOptions('serve', options, { ...handlerRules(), ...nodeServerRules() })
  const models = servedModels(served, 'serve')
  const closed = [...models.values()].find((model) => model.closed)
  if (closed !== undefined)
    throw new MillwrightError('InvalidState', `cannot serve ${closed.name}@${closed.version}: the predictor is closed`)
  const given = new Set<unknown>([served, ...Object.values((served as { models?: object }).models ?? {})])
  const { protocols = [mlflowProtocol(), openInferenceProtocol(), tensorflowProtocol()] } = options
  const handler = createHandler({ models: Object.fromEntries(models) }, { ...only(options, handlerRules()), protocols })
  const server = await startNodeServer(handler, only(options, nodeServerRules()))
  // Predictors that were created here are not known to the caller, so they are closed here.
  void server.closed.then(() => Promise.all([...models.values()].filter((model) => !given.has(model)).map((model) => model.close())))
  return server
}

/** The options that one of the two functions has. */
function only(options: ServeOptions, rules: object): HandlerOptions & NodeServerOptions {
  return Object.fromEntries(Object.entries(options).filter(([key]) => Object.hasOwn(rules, key)))
}
