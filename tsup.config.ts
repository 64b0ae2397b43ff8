import { defineConfig } from 'tsup'
import { entries } from './scripts/entries'

export default defineConfig({
  entry: Object.fromEntries(entries().map(({ output, source }) => [output, source])),
  format: ['esm', 'cjs'],
  dts: true,
  // Without splitting, every CommonJS entry would carry its own copy of shared classes.
  splitting: true,
  target: 'es2022',
  platform: 'neutral',
  external: [/^node:/],
  clean: true,
  sourcemap: false,
})
