/** Workers and the process that runs the pipelines are killed at random; MILLWRIGHT_KILLS says how often. */
import { showStorm } from '../support/queue-lane'
import { startRedis } from '../support/queue-servers'

const server = await startRedis()
await showStorm(server.place, Number(process.env.MILLWRIGHT_KILLS ?? 12))
await server.stop()
