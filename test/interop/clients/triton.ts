/** Triton's Python client for the Open Inference Protocol: every metadata call, JSON and binary inference, compression, loading and unloading. */
import { adminToken, runPython, startServer } from './_server'

const server = await startServer()
try {
  await runPython(['test/interop/clients/triton.py', server.url.replace('http://', ''), adminToken])
} finally {
  await server.close()
}
