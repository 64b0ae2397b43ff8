import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { entries } from './scripts/entries.ts'
import { threadProgramsOfVite } from './scripts/thread-programs.mjs'

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/** Tests and examples import the package by its public names; here those lead to the sources. */
export const alias = entries().map(({ subpath, source }) => ({
  find: new RegExp(`^millwright${subpath === '.' ? '' : subpath.slice(1)}$`),
  replacement: here(source),
}))

export default defineConfig({
  plugins: [threadProgramsOfVite()],
  resolve: { alias },
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/interop/**', 'test/runtime/**'],
    setupFiles: [here('./test/support/seed.ts')],
    // No test takes more than a few seconds on a quiet machine; on a slow one it may take as long as it needs.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // One set of modules a worker instead of one a file: halves the time. Tests put back what they change (see CONTRIBUTING.md).
    isolate: false,
    // Many tests wait for child processes and disks.
    maxWorkers: Math.max(3, availableParallelism()),
  },
})
