/** The one definition of all engines gives the same digests in this process, in worker threads and by worker processes at PostgreSQL. */
import { showOneDefinition } from '../support/queue-lane'
import { startPostgres } from '../support/queue-servers'

const server = await startPostgres()
await showOneDefinition(server.place)
await server.stop()
