/** `serve` of `millwright/node`: that of the serve room, with the reader of CSV that this room may not import. */
import { parseCsv } from '../adapters/csv/csv'
import { mlflowProtocol } from '../serve/mlflow'
import type { NodeServer } from '../serve/node-server'
import { openInferenceProtocol } from '../serve/open-inference/protocol'
import { serve as bareServe, type ServeOptions } from '../serve/serve'
import type { Served } from '../serve/served'
import { tensorflowProtocol } from '../serve/tensorflow'

/**
 * Serves one model, or several by name, over HTTP: `/predict`, `/models/:name/predict`, `/healthz`, `/readyz`, `/metrics`,
 * `/openapi.json`, `/docs`, MLflow's `/invocations` (JSON and CSV), the Open Inference Protocol below `/v2`, and TensorFlow Serving's below `/v1`.
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
  const protocols = [mlflowProtocol({ parseCsv }), openInferenceProtocol(), tensorflowProtocol()]
  return bareServe(served, { ...options, protocols: options?.protocols ?? protocols })
}
