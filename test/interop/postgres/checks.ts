/** The checks of the executor port with worker processes at PostgreSQL, steps whose workers die, workers that come and go. */
import { showChecks } from '../support/queue-lane'
import { startPostgres } from '../support/queue-servers'

const server = await startPostgres()
await showChecks(server.place)
await server.stop()
