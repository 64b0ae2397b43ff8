/** The projects that are built and served: which files of `_app/` each has, and its commands. */

/** A command: the script of a package in `node_modules`, its arguments and environment. */
export interface Command {
  readonly script: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

/** One bundler's project. Its commands run in its folder. */
export interface Project {
  readonly name: string
  /** Files and folders of `_app/`, by where they lie in the project. */
  readonly files: Readonly<Record<string, string>>
  /** Builds the page into `dist/` (or what `serve` serves), and the server program, when there is one. */
  readonly build: readonly Command[]
  /** The server program that was built. */
  readonly server?: string
  /** Serves what was built. @default `dist/` and `public/` as they are */
  readonly serve?: (port: string) => Command
  /** The development server. */
  readonly dev?: (port: string) => Command
  /** A route of the server that tells the story too. */
  readonly route?: string
  /** Where it mounts the handler as docs/guide/your-app.md says. */
  readonly handler?: string
}

const scripts = { 'page.js': 'page.js', 'story.js': 'story.js' }
/** Of bundlers that know nothing of HTML: the page lies beside what they make. */
const beside = { 'public/index.html': 'index.html', 'dist/index.html': 'index.html' }
const server = { 'server.js': 'server.js' }

function vite(name: string): Project {
  const script = `${name}/bin/vite.js`
  return {
    name,
    files: { ...scripts, 'index.html': 'index.html' },
    build: [{ script, args: ['build', '--logLevel', 'warn'] }],
    serve: (port) => ({ script, args: ['preview', '--host', '127.0.0.1', '--port', port, '--strictPort'] }),
    dev: (port) => ({ script, args: ['--host', '127.0.0.1', '--port', port, '--strictPort'] }),
  }
}

const webpack = 'webpack-cli/bin/cli.js'
const esbuild = 'esbuild/bin/esbuild'
const esbuildPage = ['page.js', '--bundle', '--format=esm', '--splitting', '--target=es2022']
const next = 'next/dist/bin/next'

function nextProject(name: string, bundler: string): Project {
  const env = { NEXT_TELEMETRY_DISABLED: '1' }
  return {
    name,
    files: { ...scripts, app: 'next/app' },
    build: [{ script: next, args: ['build', bundler], env }],
    serve: (port) => ({ script: next, args: ['start', '-H', '127.0.0.1', '-p', port], env }),
    dev: (port) => ({ script: next, args: ['dev', bundler, '-H', '127.0.0.1', '-p', port], env }),
    route: '/api/predict',
    handler: '/api/ml',
  }
}

export const projects: readonly Project[] = [
  vite('vite8'),
  vite('vite7'),
  {
    name: 'webpack',
    files: { ...scripts, ...server, 'index.webpack.html': 'index.webpack.html', 'webpack.config.cjs': 'webpack.config.cjs' },
    build: [
      { script: webpack, args: ['build'] },
      { script: webpack, args: ['build', '--env', 'server'] },
    ],
    server: 'server-out/server.cjs',
    dev: (port) => ({ script: webpack, args: ['serve', '--host', '127.0.0.1', '--port', port], env: { NODE_ENV: 'development' } }),
  },
  nextProject('next', '--turbopack'),
  nextProject('next-webpack', '--webpack'),
  {
    name: 'esbuild',
    files: { ...scripts, ...server, ...beside },
    build: [
      { script: esbuild, args: [...esbuildPage, '--outdir=dist'] },
      { script: esbuild, args: ['server.js', '--bundle', '--platform=node', '--format=esm', '--outfile=server-out/server.mjs'] },
    ],
    server: 'server-out/server.mjs',
    dev: (port) => ({ script: esbuild, args: [...esbuildPage, '--outdir=public', '--servedir=public', `--serve=127.0.0.1:${port}`] }),
  },
  {
    name: 'rollup',
    files: { ...scripts, ...server, ...beside, 'rollup.config.mjs': 'rollup.config.mjs' },
    build: [{ script: 'rollup/dist/bin/rollup', args: ['-c', '--silent'] }],
    server: 'server-out/server.mjs',
  },
]
