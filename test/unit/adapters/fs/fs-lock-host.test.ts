/** A runtime that does not tell the host's name (Deno without `--allow-sys`). */
import { mkdtempSync, rmSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import os, { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it, vi } from 'vitest'
import { fsStorage } from '../../../../src/adapters/fs/fs-storage'

afterEach(() => {
  vi.restoreAllMocks()
  syncBuiltinESMExports()
})

it('takes and gives back its locks without the name of the host', async () => {
  const root = mkdtempSync(join(tmpdir(), 'millwright-host-'))
  const hostname = vi.spyOn(os, 'hostname').mockImplementation(() => {
    throw new Error('Requires sys access to "hostname", run again with the --allow-sys flag')
  })
  syncBuiltinESMExports()
  const storage = fsStorage({ root })
  try {
    const first = await storage.put('a', new Uint8Array([1]), { ifAbsent: true })
    await storage.put('a', new Uint8Array([2]), { ifMatch: first.etag })
    expect([...(await storage.get('a'))]).toEqual([2])
    await expect(storage.put('a', new Uint8Array([3]), { ifMatch: first.etag })).rejects.toMatchObject({ code: 'Conflict' })
    expect(hostname).toHaveBeenCalled()
  } finally {
    await storage.close()
    rmSync(root, { recursive: true, force: true })
  }
})
