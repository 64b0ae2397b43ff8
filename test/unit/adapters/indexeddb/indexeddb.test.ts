import { describe, expect, it } from 'vitest'
import { indexeddbStorage } from '../../../../src/adapters/indexeddb/indexeddb-storage'

/** A factory that refuses to open, as browsers do in sandboxed frames. The suites run in Chromium: test/runtime/indexeddb.ts. */
function refusing(name: string, message = ''): IDBFactory {
  const open = (): unknown => {
    const request = { error: new DOMException(message, name), onerror: undefined as (() => void) | undefined }
    queueMicrotask(() => request.onerror?.())
    return request
  }
  return { open } as unknown as IDBFactory
}

describe('indexeddbStorage outside a browser', () => {
  it('says what is missing', () => {
    expect(() => indexeddbStorage()).toThrow(
      expect.objectContaining({ code: 'Unsupported', message: expect.stringContaining('indexedDB') }),
    )
  })

  it('refuses unknown options and empty names', () => {
    expect(() => indexeddbStorage({ nmae: 'x' } as never)).toThrow(/nmae/)
    expect(() => indexeddbStorage({ name: '' })).toThrow(/name/)
  })

  it.each([
    ['SecurityError', 'PermissionDenied'],
    ['QuotaExceededError', 'Unavailable'],
    ['VersionError', 'Corrupt'],
    ['UnknownError', 'Unavailable'],
  ])('tells the %s of a browser as %s, with the store named', async (given, code) => {
    const storage = indexeddbStorage({ name: 'shop', indexedDB: refusing(given, 'denied here') })
    await expect(storage.get('a')).rejects.toMatchObject({ code, message: expect.stringMatching(/indexeddbStorage\(shop\).*denied here/) })
    await expect(storage.put('a', new Uint8Array(1))).rejects.toMatchObject({ code })
  })

  it('checks keys, limits and its own end before it opens anything', async () => {
    const storage = indexeddbStorage({ indexedDB: refusing('UnknownError') })
    await expect(storage.put('../a', new Uint8Array(1))).rejects.toMatchObject({ code: 'InvalidArgument' })
    await expect(storage.list({ limit: 0 })).rejects.toMatchObject({ code: 'InvalidArgument' })
    expect(storage.uri('größe/a b')).toBe('indexeddb://millwright/gr%C3%B6%C3%9Fe/a%20b')
    await storage.close()
    await expect(storage.head('a')).rejects.toMatchObject({ code: 'InvalidState' })
  })
})
