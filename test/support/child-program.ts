/** Programs of tests that run in processes of their own and are killed there. */
import { spawn } from 'node:child_process'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url))

/** A module of this repository (`src/run`), quoted as the program imports it. */
export function source(path: string): string {
  return JSON.stringify(root(path))
}

/** Bundles a program of TypeScript text. The caller removes the folder that it lies in. */
export async function childProgram(text: string): Promise<{ readonly folder: string; readonly program: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'millwright-child-'))
  const entry = join(folder, 'child.ts')
  const program = join(folder, 'child.mjs')
  await writeFile(entry, text)
  await build({
    ...{ entryPoints: [entry], outfile: program, bundle: true, logLevel: 'error' },
    ...{ format: 'esm', platform: 'node', target: 'node20', nodePaths: [root('node_modules')] },
  })
  return { folder, program }
}

/** What a process said and how it ended; `code` is `null` when it was killed. */
export interface Life {
  readonly stdout: string
  readonly stderr: string
  readonly code: number | null
}

/** Kills the process `delayMs` after `when` holds of what it has said. */
export interface Kill {
  readonly when: (stdout: string) => boolean
  readonly delayMs: number
}

/** Runs a program until it ends or is killed. What it says on stderr is shown, too. */
export function runChild(program: string, args: readonly string[], kill?: Kill): Promise<Life> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
    let [stdout, stderr] = ['', '']
    let timer: NodeJS.Timeout | undefined
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString()
      if (timer === undefined && kill?.when(stdout)) timer = setTimeout(() => child.kill('SIGKILL'), kill.delayMs)
    })
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString()
      process.stderr.write(chunk)
    })
    child.once('error', reject)
    child.once('close', (code) => {
      clearTimeout(timer)
      resolve({ stdout, stderr, code })
    })
  })
}
