/** Runs other programs for the lanes and runtimes; a failure carries what they said. */
import { type SpawnOptions, spawn } from 'node:child_process'

/** Runs a program and gives its output. @throws Error with the command and its output when it fails */
export function runCommand(command: string, args: readonly string[], options: SpawnOptions = {}): Promise<string> {
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  return new Promise((resolve, reject) => {
    const fail = (how: string): void =>
      reject(new Error(`${[command, ...args].join(' ')} ${how}\n${`${stdout}\n${stderr}`.trim().slice(-6000)}`))
    child.once('error', (error) => fail(`did not start: ${error.message}`))
    child.once('close', (code, signal) => (code === 0 ? resolve(stdout) : fail(`ended with ${code ?? signal}`)))
  })
}

/** `make`, done once; who asks while it is at work waits for the same. */
export function once(make: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined
  return () => {
    done ??= make()
    return done
  }
}
