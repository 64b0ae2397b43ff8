/** The one definition of all engines gives the same digests in this process, in worker threads and by worker processes at Redis. */
import { showOneDefinition } from '../support/queue-lane'
import { startRedis } from '../support/queue-servers'

const server = await startRedis()
await showOneDefinition(server.place)
await server.stop()
