/**
 * The packed package in projects of Vite 7 and 8, webpack, Next.js, esbuild and Rollup, outside of the checkout, as a stranger would have
 * it: built, and served in development mode where there is one; the page is opened in Chromium and must show what Node itself says. Server
 * bundles and Next's route run once without onnxruntime-node, which must not break them, and once with it; the handler that docs/guide/your-app.md mounts in
 * Next.js is asked, too. Pictures go to `test/out/bundlers`.
 *
 *   npm run test:interop -- bundlers
 *   node scripts/run.mjs test/interop/bundlers/bundlers.ts [project…]     after `npm run build`
 */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { extname, join, resolve } from 'node:path'
import { memoryStorage } from 'millwright'
import type { Browser } from 'playwright-core'
import { askServer } from '../../support/ask-server'
import { startChromium } from '../../support/chromium'
import { installTarball } from '../../support/pinned-packages'
import { runCommand } from '../../support/run-command'
import { freePort, freshFolder, pause } from '../support/mlflow'
import { story } from './_app/story.js'
import { type Command, type Project, projects } from './_projects'

const app = 'test/interop/bundlers/_app'
const pictures = 'test/out/bundlers'
const csv = resolve('examples/data/penguins.csv')
const onnx = resolve('test/fixtures/onnx/penguins_logreg.onnx')
const packages = join('node_modules', 'onnxruntime-node')
const types: Readonly<Record<string, string>> = { '.html': 'text/html', '.js': 'text/javascript', '.csv': 'text/csv' }

const wanted = process.argv.slice(2)
const unknown = wanted.find((name) => !projects.some((project) => project.name === name))
if (unknown !== undefined) throw new Error(`there is no project ${unknown}; projects: ${projects.map(({ name }) => name).join(', ')}`)

const root = freshFolder()
await runCommand('cp', ['-a', '.venvs/bundlers/.', root])
await installTarball(root)

const expected = JSON.parse(
  JSON.stringify(await story({ csv: readFileSync(csv, 'utf8'), onnx: new Uint8Array(readFileSync(onnx)), storage: memoryStorage() })),
) as Readonly<Record<string, unknown>>
assert.equal(expected.onnx, 'loaded')
assert.deepEqual(expected.threads, { fit: true, crossValidate: true, search: true })
const absent = "MissingDependency: onnxRuntime without `lib` needs the package 'onnxruntime-node', which is not installed."
const inPage = { ...expected, onnx: `${absent} in a page: import * as ort from 'onnxruntime-web', and onnxRuntime({ lib: ort })` }
const onServer = { ...expected, onnx: `${absent} npm install onnxruntime-node` }

const browser = await startChromium()
mkdirSync(pictures, { recursive: true })
for (const project of projects) {
  if (wanted.length > 0 && !wanted.includes(project.name)) continue
  const started = Date.now()
  await tryProject(project).catch((error: Error) => {
    console.error(`${project.name} FAILED: ${error.message}`)
    process.exitCode = 1
  })
  console.info(`${project.name}: ${Math.round((Date.now() - started) / 1000)} s`)
}
await browser.close()

/** Lays out a project, builds it, and looks at what was built and at its development server. */
async function tryProject(project: Project): Promise<void> {
  const folder = layOut(project)
  for (const { script, args, env } of project.build) {
    const said = await runCommand(process.execPath, [join(root, 'node_modules', script), ...args], {
      cwd: folder,
      env: { ...process.env, ...env },
    })
    assert.doesNotMatch(said, /warn/i, `${project.name} ${args[0]} warns:\n${said}`)
  }
  await look(project, 'built', folder, project.serve)
  if (project.dev !== undefined) await look(project, 'dev', folder, project.dev)
  if (project.server !== undefined) await runServer(project.name, join(folder, project.server))
}

/** The project's folder, made from `_app/`. */
function layOut({ name, files, handler }: Project): string {
  const folder = join(root, name)
  mkdirSync(join(folder, 'public'), { recursive: true })
  for (const [target, source] of Object.entries(files)) cpSync(join(app, source), join(folder, target), { recursive: true })
  for (const place of ['public', 'dist']) {
    cpSync(csv, join(folder, place, 'penguins.csv'))
    cpSync(onnx, join(folder, place, 'penguins.onnx'))
  }
  if (handler !== undefined) {
    const place = join(folder, 'app', handler, '[...path]')
    mkdirSync(place, { recursive: true })
    writeFileSync(join(place, 'route.js'), nextRoute())
  }
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name, private: true, type: 'module' }))
  return folder
}

/** The route of the guide, up to where it shows what Next.js does with it. */
function nextRoute(): string {
  const page = readFileSync('docs/guide/your-app.md', 'utf8')
  const [, code] = /^## Next\.js\n[\s\S]*?^```ts\n([\s\S]*?)^\/\/ What Next\.js does with it/m.exec(page) ?? []
  assert.ok(code, 'the guide has no route of Next.js')
  return code
}

/** Serves the project in one of its modes and compares what its page, and its route, show. */
async function look(project: Project, mode: string, folder: string, serve: ((port: string) => Command) | undefined): Promise<void> {
  await serving(folder, serve, async (url, said) => {
    assert.deepEqual(await shown(browser, url, `${project.name}-${mode}`, said), inPage, `${project.name} ${mode}`)
    console.info(`${project.name} ${mode}: the page shows what Node says`)
    if (project.handler !== undefined) await askServer(url + project.handler, `${project.name} ${mode}, the guide's handler`)
  })
  const { route } = project
  if (route === undefined) return
  // Each time by a server of its own: Node remembers for the life of a process that a package was absent.
  await withAndWithoutEngine((wantedAnswer, what) =>
    serving(folder, serve, async (url, said) => {
      const answer = await fetch(url + route)
      const text = await answer.text()
      assert.equal(answer.status, 200, `${route} of ${project.name} ${mode} ${what}: ${text.slice(0, 2000)}\n${said()}`)
      assert.deepEqual(JSON.parse(text), wantedAnswer, `${route} of ${project.name} ${mode} ${what}`)
      console.info(`${project.name} ${mode}: its route answers ${what}`)
    }),
  )
}

/** Serves the project while `check` looks at it. */
async function serving(
  folder: string,
  serve: ((port: string) => Command) | undefined,
  check: (url: string, said: () => string) => Promise<void>,
): Promise<void> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const served = serve === undefined ? serveFiles(port, join(folder, 'dist')) : start(serve(String(port)), folder)
  try {
    await answers(url, served.said)
    await check(url, served.said)
  } finally {
    await served.stop()
  }
}

interface Served {
  readonly said: () => string
  stop(): Promise<void>
}

/** Starts a server of the project's own. */
function start({ script, args, env }: Command, folder: string): Served {
  let said = ''
  const child: ChildProcess = spawn(process.execPath, [join(root, 'node_modules', script), ...args], {
    cwd: folder,
    env: { ...process.env, ...env },
    // esbuild's server ends with its input.
    stdio: 'pipe',
    detached: true,
  })
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      said += text
    })
  }
  const ended = new Promise<void>((done) => void child.once('exit', () => done()))
  const kill = (): void => {
    try {
      process.kill(-(child.pid as number), 'SIGKILL')
    } catch {
      // It is gone already.
    }
  }
  process.once('exit', kill)
  return {
    said: () => said,
    async stop() {
      kill()
      process.off('exit', kill)
      await ended
    },
  }
}

/** Serves a folder as it is. */
function serveFiles(port: number, folder: string): Served {
  const server = createServer((request, response) => {
    const path = join(folder, request.url === '/' ? 'index.html' : (request.url as string))
    if (!existsSync(path)) response.writeHead(404).end()
    else response.writeHead(200, { 'Content-Type': types[extname(path)] ?? 'application/octet-stream' }).end(readFileSync(path))
  }).listen(port, '127.0.0.1')
  return { said: () => '', stop: async () => void server.close() }
}

/** Waits until something answers at `url`. */
async function answers(url: string, said: () => string): Promise<void> {
  for (let i = 0; i < 300; i++) {
    if ((await fetch(url).catch(() => undefined))?.ok) return
    await pause(200)
  }
  throw new Error(`nothing answers at ${url}:\n${said()}`)
}

/** What the page's text says, once it is done; a picture of it is kept. @throws Error with the page's errors and the server's words */
async function shown(tabs: Browser, url: string, name: string, said: () => string): Promise<unknown> {
  const tab = await tabs.newPage({ viewport: { width: 900, height: 500 } })
  const problems: string[] = []
  let threads = 0
  tab.on('worker', () => threads++)
  tab.on('pageerror', (error) => problems.push(String(error)))
  tab.on('response', (response) => response.status() >= 400 && problems.push(`${response.status()} ${response.url()}`))
  tab.on('console', (message) => message.type() === 'error' && problems.push(message.text()))
  try {
    await tab.goto(url)
    await tab.waitForFunction('document.title === "done"', undefined, { timeout: 60_000 })
    const text = await tab.evaluate('document.getElementById("out").textContent')
    assert.ok(threads > 0, 'the page started no Web Worker')
    return JSON.parse(text as string) as unknown
  } catch (error) {
    const text = await tab.evaluate('document.body.innerText').catch(() => '')
    throw new Error(`${name}: ${(error as Error).message}\n${text}\n${problems.join('\n')}\n${said()}`.slice(0, 6000))
  } finally {
    await tab.screenshot({ path: join(pictures, `${name}.png`) })
    await tab.close()
  }
}

/** Runs `check` where onnxruntime-node is absent, then where it is there. */
async function withAndWithoutEngine(check: (expectedAnswer: unknown, what: string) => Promise<void>): Promise<void> {
  await check(onServer, 'without onnxruntime-node')
  symlinkSync(resolve(packages), join(root, packages))
  try {
    await check(expected, 'with onnxruntime-node')
  } finally {
    rmSync(join(root, packages))
  }
}

async function runServer(name: string, program: string): Promise<void> {
  await withAndWithoutEngine(async (wantedAnswer, what) => {
    const said = await runCommand(process.execPath, [program, csv, onnx, freshFolder()])
    assert.deepEqual(JSON.parse(said.trim().split('\n').at(-1) as string), wantedAnswer, `${name}: the bundled server ${what}`)
    console.info(`${name}: the bundled server answers ${what}`)
  })
}
