/** The Web Worker of the executor checks. */
import { indexeddbStorage } from '../../src/adapters/indexeddb/indexeddb-storage'
import { serveSteps } from '../../src/adapters/threads'
import { executorCheckPipeline } from '../../src/testing'

serveSteps([executorCheckPipeline(indexeddbStorage({ name: 'executor-checks' }))])
