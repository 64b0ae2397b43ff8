/** `npm run serve`: answers with the champion, and follows it when another version is promoted. */
import { pathToFileURL } from 'node:url'
import { Predictor } from 'millwright'
import { type NodeServer, serve } from 'millwright/node'
import { MODEL, openProject, type Project } from './settings.js'

/** Starts the server. A port of 0 takes any free one. */
export async function start({ config, registry }: Project, port = config.deployment.api_port): Promise<NodeServer> {
  const predictor = await Predictor.load(registry, `${MODEL}@champion`, { batch: { maxDelayMs: 0 }, cache: { maxEntries: 10_000 } })
  predictor.follow({ everyMs: 30_000 })
  predictor.on('error', (error) => console.error(error))
  predictor.on('model-reloaded', ({ from, to }) => console.log(`version ${to} answers in place of ${from}`))
  const server = await serve(predictor, { host: config.deployment.api_host, port, handleSignals: true, drainDelayMs: 5000 })
  void server.closed.then(() => predictor.close())
  return server
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const server = await start(await openProject())
  console.log(`${server.url}/docs describes it, ${server.url}/metrics is for Prometheus`)
}
