/**
 * How tsup bundles the package: JavaScript as ES modules and CommonJS, and the declarations that TypeScript has written beside each source.
 * `npm run build` (scripts/build.ts) runs both; plain `tsup` makes the JavaScript alone.
 */
import type { Options } from 'tsup'
import { entries } from './scripts/entries.ts'
import { threadPrograms } from './scripts/thread-programs.mjs'

/** Where TypeScript writes one declaration a source (`tsconfig.build.json`). */
export const declarationFolder = '.build/types'

const entryOf = (file: (source: string) => string): Record<string, string> =>
  Object.fromEntries(entries().map(({ output, source }) => [output, file(source)]))

/** The JavaScript. */
export const javascript: Options = {
  entry: entryOf((source) => source),
  outDir: 'dist',
  format: ['esm', 'cjs'],
  external: [/^node:/],
  clean: true,
  // Without splitting, every CommonJS entry would carry its own copy of shared classes.
  splitting: true,
  target: 'es2022',
  platform: 'neutral',
  esbuildPlugins: [threadPrograms()],
}

/** The declarations, joined to one file an entry and the shared parts. */
export const declarations: Options = {
  entry: entryOf((source) => source.replace(/^src/, declarationFolder).replace(/\.ts$/, '.d.ts')),
  outDir: 'dist',
  format: ['esm'],
  external: [/^node:/],
  dts: { only: true },
}

export default javascript
