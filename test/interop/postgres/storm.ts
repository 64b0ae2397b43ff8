/** Workers and the process that runs the pipelines are killed at random; MILLWRIGHT_KILLS says how often. */
import { showStorm } from '../support/queue-lane'
import { startPostgres } from '../support/queue-servers'

const server = await startPostgres()
await showStorm(server.place, Number(process.env.MILLWRIGHT_KILLS ?? 12))
await server.stop()
