/** Runs a Python program of this lane. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** What the program prints last, as JSON. It is called with the path of a JSON file that holds `given`. */
export function python<T>(program: string, given: unknown): T {
  const folder = mkdtempSync(join(tmpdir(), 'millwright-evidently-'))
  try {
    const path = join(folder, 'given.json')
    writeFileSync(path, JSON.stringify(given))
    const { stdout, stderr, status, error } = spawnSync('.venvs/evidently/bin/python', [`test/interop/evidently/${program}`, path], {
      encoding: 'utf8',
      maxBuffer: 2 ** 28,
    })
    if (error !== undefined) throw error
    if (status !== 0) throw new Error(stderr)
    return JSON.parse(stdout.trim().split('\n').at(-1) as string) as T
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
