/** Small WebAssembly programs that are part of the code, for arithmetic with 128-bit instructions. */
import { fromBase64 } from './bytes'

/** Programs that have been compiled, by their code: they start at once the next time, and as fast as they have become. */
let compiled: Map<string, WebAssembly.Module> | undefined

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
  try {
    const memory = new WebAssembly.Memory({ initial: Math.ceil(bytes / 65_536) })
    compiled ??= new Map()
    const program = compiled.get(code) ?? new WebAssembly.Module(Uint8Array.from(fromBase64(code)))
    compiled.set(code, program)
    const { exports } = new WebAssembly.Instance(program, { e: { m: memory }, env: { memory } })
    return { buffer: memory.buffer, exports: exports as Exports }
  } catch {
    return undefined
  }
}
