/** A client as any other program would be one: rows over HTTP, answers with ids. */
import { MillwrightError, type Row } from 'millwright'

/** What the server says about a row. */
export interface Answer {
  readonly id: string
  readonly prediction: boolean
}

/** Sends rows to `/predict`. */
export async function ask(
  url: string,
  rows: readonly Row[],
): Promise<{ readonly version: string; readonly predictions: readonly Answer[] }> {
  const response = await fetch(`${url}/predict`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ rows }),
  })
  const body = (await response.json()) as { version: string; predictions: Answer[]; detail?: string }
  if (!response.ok)
    throw new MillwrightError('Unavailable', `POST /predict answered ${response.status}: ${body.detail ?? response.statusText}`)
  return body
}
