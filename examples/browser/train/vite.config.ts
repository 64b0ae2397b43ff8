/** Vite for this page: `npm run browser:train`. `millwright` leads to the sources; in a project of your own it is the installed package, without any of this. */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'
import { threadProgramsOfVite } from '../../../scripts/thread-programs.mjs'
import { alias } from '../../../vitest.config.ts'

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
/** onnxruntime-web is optional: `npm install --no-save onnxruntime-web`, or that of `npm run test:interop -- onnx-web`. The page says when it is absent. */
const engine = ['../../../node_modules', '../../../.venvs/onnx-web/node_modules']
  .map((packages) => here(`${packages}/onnxruntime-web/dist/ort.wasm.bundle.min.mjs`))
  .find((path) => existsSync(path))

export default defineConfig({
  root: here('.'),
  resolve: { alias: [...alias, { find: 'onnxruntime-web/wasm', replacement: engine ?? here('no-engine.ts') }] },
  plugins: [threadProgramsOfVite()],
  worker: { format: 'es', plugins: () => [threadProgramsOfVite()] },
  server: { fs: { allow: [here('../../..')] } },
  build: { outDir: here('../../../.build/train-page'), target: 'es2022', emptyOutDir: true },
})
