// Programs of threads as text. `x-program.ts` exports `program`; here its text becomes the bundle of `x-thread.ts` beside it, minified.
// A worker needs its program as text: a file of its own would have to be found again in every bundle and both module formats.
import { existsSync } from 'node:fs'
import { build } from 'esbuild'

const suffix = /-program\.ts$/

/** The text of the module that stands in for `file`; `undefined` when `file` is no program. */
async function moduleFor(file) {
  const thread = file.replace(suffix, '-thread.ts')
  if (!suffix.test(file) || !existsSync(thread)) return undefined
  const { outputFiles } = await build({
    entryPoints: [thread],
    bundle: true,
    minify: true,
    format: 'iife',
    platform: 'neutral',
    // A program for Node alone may use its modules: a worker has `require`.
    external: ['node:*'],
    mainFields: ['module', 'main'],
    target: 'es2022',
    write: false,
    logLevel: 'error',
  })
  return `export const program = ${JSON.stringify(outputFiles[0].text)}\n`
}

/** For esbuild (and tsup). */
export const threadPrograms = () => ({
  name: 'thread-programs',
  setup(context) {
    context.onLoad({ filter: suffix }, async ({ path }) => {
      const contents = await moduleFor(path)
      return contents === undefined ? undefined : { contents, loader: 'js' }
    })
  },
})

/** For Vite (and vitest). */
export const threadProgramsOfVite = () => ({
  name: 'thread-programs',
  enforce: 'pre',
  load: (id) => moduleFor(id.split('?')[0]),
})
