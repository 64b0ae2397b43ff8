/** Small WebAssembly programs that are part of the code, for arithmetic with 128-bit instructions. */
import { fromBase64 } from './bytes'

/** Programs by their code: a compiled one starts at once the next time, and as fast as it has become. `undefined`: it cannot be compiled here. */
let compiled: Map<string, WebAssembly.Module | undefined> | undefined

/**
 * The least memory that is refused, in bytes: to be refused again would take long, since V8 first collects all garbage in the hope that memory becomes
 * free. At the beginning what is too much for an extra copy of a table.
 */
let leastRefused = 1_500_000_001

/**
 * Runs a program with a memory of at least `bytes`, at most 1.5 GB, which it imports as `e.m` or `env.memory`. `undefined` where that cannot be had: no WebAssembly, no 128-bit
 * instructions, no memory, or a page's policy against it; callers do the same in JavaScript.
 *
 * @param code the program in base64
 */
export function loadWebAssembly<Exports>(
  code: string,
  bytes: number,
): { readonly buffer: ArrayBuffer; readonly exports: Exports } | undefined {
  const program = compiledOnce(code)
  if (program === undefined || bytes >= leastRefused) return undefined
  try {
    const memory = new WebAssembly.Memory({ initial: Math.ceil(bytes / 65_536) })
    const { exports } = new WebAssembly.Instance(program, { e: { m: memory }, env: { memory } })
    return { buffer: memory.buffer, exports: exports as Exports }
  } catch {
    leastRefused = bytes
    return undefined
  }
}

function compiledOnce(code: string): WebAssembly.Module | undefined {
  compiled ??= new Map()
  if (!compiled.has(code)) {
    let program: WebAssembly.Module | undefined
    try {
      program = new WebAssembly.Module(Uint8Array.from(fromBase64(code)))
    } catch {
      // Callers do without.
    }
    compiled.set(code, program)
  }
  return compiled.get(code)
}
