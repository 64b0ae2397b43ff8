/** For esbuild and tsup: puts the bundle of `x-thread.ts` into `x-program.ts` as text. */
export function threadPrograms(): import('esbuild').Plugin
/** The same for Vite and vitest. */
export function threadProgramsOfVite(): {
  readonly name: string
  readonly enforce: 'pre'
  load(id: string): Promise<string | undefined>
}
