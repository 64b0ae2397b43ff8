/** Replaces functions of node:fs for a test. A mock of the module would not reach modules that another test file of the same worker has loaded. */
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

/** Puts functions in the place of those of node:fs, for whoever calls them from now on. @returns puts the real ones back */
export function patchFs(functions: Partial<Pick<typeof fs, 'writeSync' | 'fchmodSync'>>): () => void {
  const real = Object.fromEntries(Object.keys(functions).map((name) => [name, fs[name as 'writeSync']]))
  Object.assign(fs, functions)
  syncBuiltinESMExports()
  return () => {
    Object.assign(fs, real)
    syncBuiltinESMExports()
  }
}
