/** Small WebAssembly programs that are part of the code, for arithmetic with 128-bit instructions. */
import { fromBase64 } from './bytes'

/** Programs by their code: a compiled one starts at once the next time, and as fast as it has become. `undefined`: it cannot be compiled here. */
let compiled: Map<string, WebAssembly.Module | undefined> | undefined

/** The least memory that was refused, in bytes. To be refused again would take long: V8 first collects all garbage, in the hope that memory becomes free. */
let leastRefused = Number.POSITIVE_INFINITY

/**
 * Runs a program with a memory of at least `bytes`, which it imports as `e.m` or `env.memory`. `undefined` where that cannot be had: no WebAssembly, no 128-bit
 * instructions, no memory, or a page's policy against it; callers do the same in JavaScript.
 *
 * @param code the program in base64
 */
export function loadWebAssembly<Exports>(
  code: string,
  bytes: number,
): { readonly buffer: ArrayBuffer; readonly exports: Exports } | undefined {
  const program = compiledOnce(code)
  const memory = program === undefined || bytes >= leastRefused ? undefined : memoryOf(bytes)
  if (program === undefined || memory === undefined) return undefined
  const { exports } = new WebAssembly.Instance(program, { e: { m: memory }, env: { memory } })
  return { buffer: memory.buffer, exports: exports as Exports }
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

function memoryOf(bytes: number): WebAssembly.Memory | undefined {
  try {
    return new WebAssembly.Memory({ initial: Math.ceil(bytes / 65_536) })
  } catch {
    leastRefused = bytes
    return undefined
  }
}
