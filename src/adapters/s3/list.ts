/** Listing a bucket: several pages of S3 make one page of the port. */
import { MillwrightError } from '../../core/errors'
import { bareEtag } from '../../core/http'
import { isSafeKey } from '../../core/ids'
import type { ListOptions, ObjectInfo, ObjectListing } from '../../ports/object-store'
import { assertListOptions } from '../../ports/object-store-rules'
import type { S3Client } from './client'
import { readXml, type Xml } from './xml'

/** Most entries in a page of S3. */
const pageLimit = 1000

/**
 * One page of the keys below `base`, without `base`. Keys that the port does not allow (`folder/`, `a//b`) are left out.
 *
 * @throws InvalidArgument on a bad limit or prefix, Unavailable when the answer is no listing
 */
export async function listObjects(client: S3Client, name: string, base: string, options: ListOptions): Promise<ObjectListing> {
  const { signal, prefix = '', shallow = false, limit = 1000 } = options
  assertListOptions(options)
  const objects: ObjectInfo[] = []
  const prefixes: string[] = []
  let { cursor } = options
  do {
    const query = {
      'list-type': '2',
      'encoding-type': 'url',
      prefix: base + prefix,
      'max-keys': String(Math.min(pageLimit, limit - objects.length - prefixes.length)),
      ...(shallow ? { delimiter: '/' } : {}),
      ...(cursor === undefined ? {} : { 'continuation-token': cursor }),
    }
    const { bytes } = await client({ method: 'GET', operation: 'list', query, signal })
    const page = readXml(bytes)
    if (page?.name !== 'ListBucketResult')
      throw new MillwrightError('Unavailable', `${name} could not list: the answer is not a listing of S3`)
    const decode = page.text('EncodingType') === 'url' ? decodeKey : (text: string) => text
    for (const content of page.all('Contents')) {
      const info = infoOf(content, decode, base)
      if (info !== undefined) objects.push(info)
    }
    for (const common of page.all('CommonPrefixes')) {
      const deeper = decode(common.text('Prefix') ?? '').slice(base.length)
      if (isSafeKey(deeper.slice(0, -1))) prefixes.push(deeper)
    }
    cursor = page.text('IsTruncated') === 'true' ? page.text('NextContinuationToken') : undefined
  } while (cursor !== undefined && objects.length + prefixes.length < limit)
  // S3 orders by UTF-8 bytes, the port by UTF-16 code units.
  objects.sort((a, b) => (a.key < b.key ? -1 : 1))
  prefixes.sort()
  return cursor === undefined ? { objects, prefixes } : { objects, prefixes, cursor }
}

function infoOf(content: Xml, decode: (text: string) => string, base: string): ObjectInfo | undefined {
  const key = decode(content.text('Key') ?? '').slice(base.length)
  if (!isSafeKey(key)) return undefined
  return {
    key,
    sizeBytes: Number(content.text('Size')),
    etag: bareEtag(content.text('ETag') ?? ''),
    modifiedAt: wholeSeconds(Date.parse(content.text('LastModified') ?? '')),
  }
}

/** A time in whole seconds: a listing may have milliseconds where the header `Last-Modified` has seconds, and `list` and `head` must agree. */
export function wholeSeconds(time: number): number {
  return Number.isFinite(time) ? Math.floor(time / 1000) * 1000 : 0
}

/** Decodes a key of a listing, which is encoded as in a query: a plus sign is a space. */
function decodeKey(text: string): string {
  try {
    return decodeURIComponent(text.replace(/\+/g, ' '))
  } catch {
    // Not UTF-8, so no key of the port.
    return ''
  }
}
