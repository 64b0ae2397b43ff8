/**
 * The program of a worker, as text: a file of its own would have to be found again in every bundle and both module formats.
 *
 * It answers one message at a time. `open` makes a session, `run` runs it for one call or several, `close` releases it. Replies carry the message's `id`, and `result` or `error`. The result of
 * `run` has `results` or `error` for each call that was made: none begins when `withinMs` are over, except the first.
 */
export const workerSource = `
const { parentPort, workerData } = require('node:worker_threads')
const sessions = new Map()
let engine
const tensorOf = ({ type, data, dims }) => new engine.Tensor(type, data, dims)
const answer = async (session, { feeds, fetches }) => {
  try {
    const given = {}
    for (const name of Object.keys(feeds)) given[name] = tensorOf(feeds[name])
    const results = await session.run(given, fetches)
    return { results: fetches.map((name) => ({ type: results[name].type, data: results[name].data, dims: results[name].dims })) }
  } catch (error) {
    return { error: String(error?.message ?? error) }
  }
}
const work = {
  async open({ model, bytes, options }) {
    engine ??= require(workerData.engine)
    sessions.set(model, await engine.InferenceSession.create(bytes, options))
  },
  async run({ model, calls, withinMs }) {
    const start = performance.now()
    const replies = []
    for (const call of calls) {
      replies.push(await answer(sessions.get(model), call))
      if (performance.now() - start >= withinMs) break
    }
    return replies
  },
  async close({ model }) {
    const session = sessions.get(model)
    sessions.delete(model)
    await session?.release()
  },
}
parentPort.on('message', (message) => {
  work[message.op](message).then(
    (result) => parentPort.postMessage({ id: message.id, result }),
    (error) => parentPort.postMessage({ id: message.id, error: String(error?.message ?? error) }),
  )
})
`
