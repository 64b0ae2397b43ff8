/** Vite for this page: `npm run browser:train`. `millwright` leads to the sources; in a project of your own it is the installed package, without any of this. */
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'
import { threadProgramsOfVite } from '../../../scripts/thread-programs.mjs'
import { alias } from '../../../vitest.config.ts'

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  resolve: { alias },
  plugins: [threadProgramsOfVite()],
  worker: { format: 'es', plugins: () => [threadProgramsOfVite()] },
  server: { fs: { allow: [fileURLToPath(new URL('../../..', import.meta.url))] } },
  build: { outDir: fileURLToPath(new URL('../../../.build/train-page', import.meta.url)), target: 'es2022', emptyOutDir: true },
})
