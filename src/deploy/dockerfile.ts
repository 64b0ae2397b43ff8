/** A Dockerfile, and what is left out of its context. */
import { type DeployService, environmentOf, type FileSet, generatedBy, LIVE_PATH, resolveService } from './service'

/**
 * A Dockerfile for a service, and its `.dockerignore`: production dependencies, build and runtime in stages of their own; the runtime runs as user
 * 1000 on files it cannot write, with a health check and without npm in between, so that signals arrive.
 *
 * The project needs a `package-lock.json` and, if it is compiled, a script `build`. The base is Debian, not Alpine: onnxruntime-node is linked to glibc.
 *
 * @throws InvalidArgument
 */
export function dockerfile(service: DeployService): FileSet {
  const resolved = resolveService('dockerfile', service)
  const { node, baseDigest, entry, port, models, bakeModels, include, name, version } = resolved
  const base = `node:${node}-bookworm-slim${baseDigest === undefined ? '' : `@${baseDigest}`}`
  const folder = entry.includes('/') ? entry.slice(0, entry.indexOf('/')) : entry
  const copied = [...include, ...(bakeModels ? [models] : [])]
  const env = Object.entries(environmentOf(resolved)).map(([key, value]) => `    ${key}=${quoted(value)}`)
  const check = `fetch('http://127.0.0.1:${port}${LIVE_PATH}').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))`
  const text = `# syntax=docker/dockerfile:1
${generatedBy(`The image of ${name}`)}
FROM ${base} AS deps
WORKDIR /app
ENV ONNXRUNTIME_NODE_INSTALL=skip
COPY package.json package-lock.json ./
RUN --mount=type=cache,target=/root/.npm npm ci --omit=dev

FROM ${base} AS build
WORKDIR /app
ENV ONNXRUNTIME_NODE_INSTALL=skip
COPY package.json package-lock.json ./
RUN --mount=type=cache,target=/root/.npm npm ci
COPY . .
RUN npm run build --if-present

FROM ${base} AS runtime
WORKDIR /app
ENV \\
${env.join(' \\\n')}
LABEL org.opencontainers.image.title=${quoted(name)} \\
    org.opencontainers.image.version=${quoted(version)}
COPY --from=deps /app/node_modules ./node_modules
COPY package.json ./
COPY --from=build /app/${folder} ./${folder}
${copied.map((path) => `COPY ${path} ./${path}\n`).join('')}USER 1000:1000
EXPOSE ${port}
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \\
    CMD ["node", "-e", ${JSON.stringify(check)}]
CMD ["node", "--enable-source-maps", ${JSON.stringify(entry)}]
`
  return { Dockerfile: text, '.dockerignore': ignored(models, bakeModels) }
}

/** A value of ENV or LABEL: in double quotes, in which Docker expands `$`. */
function quoted(value: string): string {
  return `"${value.replace(/[\\"$]/g, (character) => `\\${character}`)}"`
}

function ignored(models: string, bakeModels: boolean): string {
  const lines = [
    'node_modules',
    '.git',
    '.github',
    'dist',
    'coverage',
    '*.log',
    '.env*',
    'data',
    'mlops',
    'tests',
    'kubernetes',
    'Dockerfile',
    'docker-compose.yml',
  ]
  return `${[...lines, ...(bakeModels ? [] : [models])].join('\n')}\n`
}
