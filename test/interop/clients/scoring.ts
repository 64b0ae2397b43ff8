/** MLflow's own scoring client, and what `mlflow models serve` answers: data frames, CSV, records. */
import { runPython, startServer } from './_server'

const server = await startServer()
try {
  await runPython(['test/interop/clients/scoring.py', server.url])
} finally {
  await server.close()
}
