/**
 * Kills the main job at random moments, again and again on one folder, and starts it anew each time:
 *   node scripts/run.mjs scripts/check-kill.ts [times=50] [longest=25 seconds] [seed=1]
 * A start that complains (exits with an error, or writes to stderr) is a failure. The last start runs to its end.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRng } from '../src/core/random'
import { bundle } from './run.mjs'

const [times = 50, longest = 25, seed = 1] = process.argv.slice(2).map(Number)
const program = join('node_modules', '.millwright', 'check-kill', 'main.mjs')
await bundle('examples/lifecycle/main.ts', program)
const folder = mkdtempSync(join(tmpdir(), 'millwright-kill-'))
const rng = createRng(seed)

/** Starts the job; kills it after `afterMs`, or lets it end. */
function start(afterMs?: number): Promise<{ readonly code: number | null; readonly stderr: string; readonly stdout: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [program, '--folder', join(folder, 'mlops')], { stdio: ['ignore', 'pipe', 'pipe'] })
    let stderr = ''
    let stdout = ''
    child.stderr.on('data', (chunk) => {
      stderr += chunk
    })
    child.stdout.on('data', (chunk) => {
      stdout += chunk
    })
    const timer = afterMs === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), afterMs)
    child.on('close', (code) => {
      clearTimeout(timer)
      resolve({ code, stderr, stdout })
    })
  })
}

let complaints = 0
let ended = 0
for (let i = 1; i <= times; i++) {
  const afterMs = Math.round(200 + rng.next() * longest * 1000)
  const { code, stderr, stdout } = await start(afterMs)
  if (code === 0) ended += 1
  const complained = (code !== null && code !== 0) || stderr.trim() !== ''
  if (complained) complaints += 1
  const last = stdout.trim().split('\n').at(-1)?.trim().slice(0, 70) ?? ''
  console.log(
    `${i}/${times} killed after ${afterMs} ms${code === 0 ? ' (had ended)' : ''}, in: ${last}${complained ? ` — COMPLAINT (exit ${code}): ${stderr.trim().slice(0, 400)}` : ''}`,
  )
}
const final = await start()
const fine = final.code === 0 && final.stderr.trim() === ''
console.log(
  `${times} kills (${ended} came after the end), ${complaints} complaints; the last start ${fine ? 'ran to its end' : `failed: ${final.stderr}`}`,
)
rmSync(folder, { recursive: true, force: true })
if (complaints > 0 || !fine) process.exitCode = 1
