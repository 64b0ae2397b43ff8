/** KServe's own Python client: the Open Inference Protocol as JSON and as bytes, version 1, health, errors, and a canary that answers for its models. */
import { runPython, startServer } from './_server'

const server = await startServer()
try {
  await runPython(['test/interop/clients/kserve_client.py', server.url])
} finally {
  await server.close()
}
