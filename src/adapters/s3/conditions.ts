/** Whether a server honours conditional writes: tried out once, before the first of them. */
import { utf8 } from '../../core/bytes'
import { MillwrightError } from '../../core/errors'
import { newId } from '../../core/ids'
import type { S3Client } from './client'
import { uploadInParts } from './multipart'

/** Ways to write an object; a server may know conditions of one and not of the other. */
export type Way = 'put' | 'multipart upload'

const conditions = [{ 'if-none-match': '*' }, { 'if-match': '"millwright-no-such-etag"' }] as const

/**
 * A check that a server honours conditions: one that does not know them ignores them, and of two writers both would win. It writes an object of its own
 * below `base`, whose key no listing of the port shows, writes it again on conditions that cannot hold, and removes it.
 *
 * @throws (the check) Unsupported where the server writes nevertheless
 */
export function conditionCheck(name: string, client: S3Client, base: string): (way: Way) => Promise<void> {
  const passed = new Map<Way, Promise<void>>()
  return (way) => {
    const held = passed.get(way)
    if (held !== undefined) return held
    const run = tryOut(name, client, base, way)
    passed.set(way, run)
    // A lost connection proves nothing: the next conditional write tries again.
    run.catch(() => passed.delete(way))
    return run
  }
}

async function tryOut(name: string, client: S3Client, base: string, way: Way): Promise<void> {
  const operation = 'check the conditions of'
  // The dot at the end: the port has no such keys.
  const key = `${base}.millwright-conditions-${newId()}.`
  const body = utf8('Millwright checks that conditional writes are honoured; this object may be deleted.')
  await client({ method: 'PUT', operation, key, body })
  try {
    for (const headers of conditions) {
      const isIgnored = await writes(client, { way, key, body, headers })
      if (!isIgnored) continue
      const [header] = Object.keys(headers)
      throw new MillwrightError(
        'Unsupported',
        `${name}: the server ignores \`${header}\` of a ${way}, so that of two writers both would win`,
        {
          hint:
            way === 'put'
              ? 'use a server with conditional writes, or pass { conditionalPut: false } and do without them'
              : 'pass a larger { partBytes }, so that the object is written in one request',
          details: { header, way },
        },
      )
    }
  } finally {
    await client({ method: 'DELETE', operation, key, expected: [404] }).catch(() => {})
  }
}

/** Whether a write whose condition does not hold succeeds. */
async function writes(
  client: S3Client,
  write: { readonly way: Way; readonly key: string; readonly body: Uint8Array; readonly headers: Readonly<Record<string, string>> },
): Promise<boolean> {
  const { way, key, body, headers } = write
  if (way === 'put') {
    const { status } = await client({ method: 'PUT', operation: 'check the conditions of', key, headers, body, expected: [404, 409, 412] })
    return status < 300
  }
  try {
    await uploadInParts(client, { key, bytes: body, partBytes: body.length, headers, onLost: () => {} })
    return true
  } catch (error) {
    if (error instanceof MillwrightError && [404, 409, 412].includes(Number(error.details.status))) return false
    throw error
  }
}
