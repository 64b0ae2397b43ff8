/** docs/guide/coming-from-fastapi.md: the Python programs of the guide and ours answer the same requests with the same bodies. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { bundle } from '../../../scripts/run.mjs'
import { python } from './_server'

const page = readFileSync('docs/guide/coming-from-fastapi.md', 'utf8')
const programs = [...page.matchAll(/^```python\n([\s\S]*?)^```/gm)].map(([, code]) => code as string)
const ours = [...page.matchAll(/^```ts\n([\s\S]*?)^```/gm)].map(([, code]) => code as string)
const folder = mkdtempSync(join(tmpdir(), 'millwright-fastapi-'))

/** A FastAPI program behind uvicorn. */
async function startPython(code: string, port: number): Promise<ChildProcess> {
  writeFileSync(join(folder, `app${port}.py`), code)
  const child = spawn(resolve(python), ['-m', 'uvicorn', `app${port}:app`, '--port', String(port), '--log-level', 'warning'], {
    cwd: folder,
    stdio: 'inherit',
  })
  for (let attempt = 0; attempt < 300; attempt++) {
    if ((await fetch(`http://127.0.0.1:${port}/openapi.json`).catch(() => undefined))?.ok) return child
    await new Promise((done) => setTimeout(done, 100))
  }
  throw new Error('uvicorn did not start')
}

async function ask(url: string, body: object, headers: Record<string, string> = {}): Promise<readonly [number, unknown]> {
  const response = await fetch(`${url}/predict`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
  return [response.status, await response.json()]
}

function expectEqual(a: unknown, b: unknown, what: string): void {
  if (JSON.stringify(a) !== JSON.stringify(b)) throw new Error(`${what}: FastAPI ${JSON.stringify(a)}, ours ${JSON.stringify(b)}`)
}

const port = 21_000 + Math.floor(Math.random() * 20_000)
const children: ChildProcess[] = []
try {
  children.push(await startPython(programs[0] as string, port))
  // The server of the guide's first program, kept open.
  const source = (ours[0] as string).replace('await server.close()', 'process.stdin.resume()')
  writeFileSync(join(folder, 'first.ts'), source)
  const outfile = join('node_modules', '.millwright', `guide-${process.pid}.mjs`)
  await bundle(join(folder, 'first.ts'), outfile)
  const server = spawn(process.execPath, [outfile], { stdio: ['pipe', 'pipe', 'inherit'] })
  children.push(server)
  const url = await new Promise<string>((done) => server.stdout?.once('data', (part) => done(String(part).split('\n')[0] as string)))
  for (const features of [
    [5, 2],
    [1, 1],
    [0.5, -3],
    [1e3, 7],
  ]) {
    expectEqual(await ask(`http://127.0.0.1:${port}`, { features }), await ask(url, { features }), `features ${features}`)
  }
  for (const body of [{}, { features: 'x' }, { features: ['a', 'b'] }]) {
    expectEqual((await ask(`http://127.0.0.1:${port}`, body))[0], (await ask(url, body))[0], `the status for ${JSON.stringify(body)}`)
  }
  children.push(await startPython(programs[1] as string, port + 1))
  const key = { 'x-api-key': 'a-long-secret' }
  expectEqual((await ask(`http://127.0.0.1:${port + 1}`, { x: 21 }))[0], 401, 'the status without a key')
  expectEqual(await ask(`http://127.0.0.1:${port + 1}`, { x: 21 }, key), [200, { prediction: 42 }], 'with a key')
  rmSync(outfile, { force: true })
  console.info('the programs of the guide agree with FastAPI')
} finally {
  for (const child of children) child.kill()
  rmSync(folder, { recursive: true, force: true })
}
