/** The checks of the executor port with worker processes at Redis, steps whose workers die, workers that come and go. */
import { showChecks } from '../support/queue-lane'
import { startRedis } from '../support/queue-servers'

const server = await startRedis()
await showChecks(server.place)
await server.stop()
