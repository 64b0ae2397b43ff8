/** Node's modules, taken and not imported: bundlers for browsers follow imports, also those that a page never comes to. */

/** The built-in module `name` (`node:fs`). @throws TypeError where the runtime has none */
export function builtin<T>(name: string): T {
  const host = (globalThis as { process?: { getBuiltinModule?(name: string): unknown } }).process
  return (host as { getBuiltinModule(name: string): unknown }).getBuiltinModule(name) as T
}
