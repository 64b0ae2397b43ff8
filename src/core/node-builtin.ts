/**
 * Node's built-in modules, taken from `process.getBuiltinModule` and not imported: bundlers for browsers follow imports, even those that a
 * page never executes. Bun and Deno have the function too.
 */
import { MillwrightError, show } from './errors'

interface Host {
  readonly process?: { readonly getBuiltinModule?: ((name: string) => unknown) | undefined } | undefined
}

/** The built-in module `name` (`node:fs`); `undefined` where the runtime does not have it, as in a browser. */
export function findBuiltin<T>(name: string): T | undefined {
  // Called as a method: Deno's needs its `this`.
  return (globalThis as Host).process?.getBuiltinModule?.(name) as T | undefined
}

/** The built-in module `name`, where the caller knows that the runtime is Node. @throws Unsupported where the runtime does not have it */
export function builtin<T>(name: string): T {
  const found = findBuiltin<T>(name)
  if (found === undefined) throw new MillwrightError('Unsupported', `this runtime has no built-in module ${show(name)}`)
  return found
}
