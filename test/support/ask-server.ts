/** Asks a server of docs/guide/your-app.md, whose model doubles `x`, what every server of ours must answer. */
import assert from 'node:assert/strict'

/** A prediction, its description, the metrics, and a refusal. `url` ends before `/predict`. @throws AssertionError */
export async function askServer(url: string, runtime: string): Promise<void> {
  const post = (body: string): Promise<Response> =>
    fetch(`${url}/predict`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
  for (let attempt = 0; ; attempt++) {
    if ((await fetch(`${url}/healthz`).catch(() => undefined))?.ok) break
    assert.ok(attempt < 100, `${runtime} did not start`)
    await new Promise((done) => setTimeout(done, 100))
  }
  const answer = (await (await post('{"rows":[{"x":10},{"x":2}]}')).json()) as { predictions: { prediction: number }[] }
  assert.deepEqual(
    answer.predictions.map(({ prediction }) => Math.round(prediction * 1e6) / 1e6),
    [20, 4],
  )
  assert.equal((await post('{"rows":[{"z":1}]}')).status, 422)
  assert.match(await (await fetch(`${url}/openapi.json`)).text(), /"openapi":"3.1.0"/)
  assert.match(await (await fetch(`${url}/metrics`)).text(), /millwright_rows_total/)
  console.log(`${runtime}: predictions, refusals, description and metrics`)
}
