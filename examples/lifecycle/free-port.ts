/** Finds out before anything is written whether the configured port can be had. */
import { createServer } from 'node:net'
import { MillwrightError } from 'millwright'

/** @throws Unavailable when the port is taken */
export function freePort({ api_host: host, api_port: port }: { readonly api_host: string; readonly api_port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const why = cause.code === 'EADDRINUSE' ? 'it is already in use' : (cause.code ?? cause.message)
      reject(
        new MillwrightError('Unavailable', `cannot serve on port ${port} of ${host}: ${why}`, {
          cause,
          hint: 'set deployment.api_port to another port, or to 0 for a free one',
        }),
      )
    })
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve()))
  })
}
