import { afterEach, describe, expect, it, vi } from 'vitest'
import { builtin, findBuiltin } from '../../../src/core/node-builtin'

describe('built-in modules', () => {
  afterEach(() => vi.unstubAllGlobals())

  it('are found on Node', () => {
    expect(typeof builtin<typeof import('node:fs')>('node:fs').readFileSync).toBe('function')
    expect(findBuiltin('node:no-such-module')).toBeUndefined()
  })

  it.each([['no process'], ['a process without modules']])('are absent with %s', (kind) => {
    vi.stubGlobal('process', kind === 'no process' ? undefined : { env: {} })
    const read = () => builtin('node:fs')
    expect(findBuiltin('node:fs')).toBeUndefined()
    expect(read).toThrow(expect.objectContaining({ code: 'Unsupported', message: 'this runtime has no built-in module "node:fs"' }))
  })

  it('are asked for as a method of process', () => {
    const host = {
      getBuiltinModule(name: string) {
        return this === host ? name : undefined
      },
    }
    vi.stubGlobal('process', host)
    expect(findBuiltin('node:os')).toBe('node:os')
  })
})
