// Writes what the AssemblyScript of the learners becomes to a file of TypeScript beside it, or with `--check` says whether that is what is there.
// The compiler, 100 MB, is no dependency of the project: npx fetches it.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const compiler = 'assemblyscript@0.28.20'
const kernels = ['src/learn/forest/growth', 'src/learn/forest/walk']
const columns = 136

for (const source of kernels) {
  const target = `${source}-code.ts`
  const name = source.split('/').at(-1)
  const folder = mkdtempSync(join(tmpdir(), 'millwright-kernels-'))
  try {
    cpSync(source, folder, { recursive: true })
    const options = ['index.as.ts', '--outFile', 'out.wasm', '--optimizeLevel', '3', '--noAssert', '--runtime', 'stub', '--importMemory']
    const { status, error } = spawnSync('npx', ['--yes', '--package', compiler, '--', 'asc', ...options], { cwd: folder, stdio: 'inherit' })
    if (status !== 0) throw error ?? new Error(`${compiler} ended with status ${status}`)
    const bytes = readFileSync(join(folder, 'out.wasm'))
    const lines = bytes.toString('base64').match(new RegExp(`.{1,${columns}}`, 'g'))
    const text = [
      `/** What the files of ${name} become: ${bytes.length} bytes of WebAssembly by ${compiler}. Written by \`npm run generate:kernels\`. */`,
      `export const ${name.toUpperCase()}_CODE =`,
      `${lines.map((line) => `  '${line}'`).join(' +\n')}\n`,
    ].join('\n')
    if (!process.argv.includes('--check')) writeFileSync(target, text)
    else if (readFileSync(target, 'utf8') !== text) throw new Error(`${target} is not what ${source} becomes: run npm run generate:kernels`)
    console.log(`${target}: ${bytes.length} bytes of WebAssembly`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
