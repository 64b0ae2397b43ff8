/** What the generators of deployment files are told about a service, checked once. */
import { invalidArgument, show } from '../core/errors'
import { arrayOf, checkOptions, finiteNumber, type OptionRule, ofType, wholeNumber } from '../core/options'

/** Text files by path, with `/` between folders. */
export type FileSet = Readonly<Record<string, string>>

/** A service that `serve` runs: what all generators need to know. */
export interface DeployService {
  /** Names everything: lower-case letters, digits and `-`, at most 40 characters. */
  readonly name: string
  /** @default '0.1.0' */
  readonly version?: string | undefined
  /** The image, without a tag: `ghcr.io/acme/flights`. @default the name */
  readonly image?: string | undefined
  /** The tag or the digest (`sha256:…`) of the image. @default the version */
  readonly tag?: string | undefined
  /** The compiled program that calls `serve({ handleSignals: true, … })`. @default 'dist/server.js' */
  readonly entry?: string | undefined
  /** @default 8000 */
  readonly port?: number | undefined
  /** The version of Node in the image: `24`, `24.11.1`. @default '24' */
  readonly node?: string | undefined
  /** The digest of the base image, `sha256:…`, which pins it. @default not pinned beyond its tag */
  readonly baseDigest?: string | undefined
  /** The folder of models. @default 'models' */
  readonly models?: string | undefined
  /** Further files and folders of the project that the program reads at run time: `['config']`. @default none */
  readonly include?: readonly string[] | undefined
  /** Copies the folder of models into the image, in place of mounting it. @default false */
  readonly bakeModels?: boolean | undefined
  /** Further environment variables. No secrets: they belong into a Secret, see `secrets`. */
  readonly env?: Readonly<Record<string, string>> | undefined
  /** Environment variables that come from a Secret of the same name as the service: variable → key in the Secret. */
  readonly secrets?: Readonly<Record<string, string>> | undefined
  /** CPU in cores and memory in MiB that a replica needs. @default { cpu: 0.5, memoryMib: 512 } */
  readonly resources?: { readonly cpu: number; readonly memoryMib: number } | undefined
  /** @default { min: 2, max: 6 } */
  readonly replicas?: { readonly min: number; readonly max: number } | undefined
}

/** A service with its defaults. */
export interface ResolvedService {
  readonly name: string
  readonly version: string
  readonly image: string
  /** `image:tag`, or `image@sha256:…`. */
  readonly reference: string
  readonly entry: string
  readonly port: number
  readonly node: string
  readonly baseDigest: string | undefined
  readonly models: string
  readonly bakeModels: boolean
  readonly include: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly secrets: Readonly<Record<string, string>>
  readonly resources: { readonly cpu: number; readonly memoryMib: number }
  readonly replicas: { readonly min: number; readonly max: number }
}

/** The paths of a served handler that probes and scrapers use. */
export const LIVE_PATH = '/healthz'
export const READY_PATH = '/readyz'
export const METRICS_PATH = '/metrics'

/** Seconds: from the signal to the end of a replica. The server keeps answering for the first ones, until it gets no more traffic. */
export const GRACE_SECONDS = 45
export const DRAIN_SECONDS = 5

const matching = (allowed: string, pattern: RegExp): OptionRule => ({
  allowed,
  test: (value) => typeof value === 'string' && pattern.test(value),
})
const relativePath = /* @__PURE__ */ matching('a relative path', /^(?!.*\.\.)[\w@-][\w@./-]*$/)
const environment: OptionRule = {
  allowed: 'an object of environment variables (names of A–Z, 0–9, _) and texts',
  test: (value) =>
    typeof value === 'object' &&
    value !== null &&
    Object.entries(value).every(
      ([name, text]) => /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && typeof text === 'string' && !/[\0\r\n]/.test(text),
    ),
}

/** Checks a service and fills in the defaults. @throws InvalidArgument */
export function resolveService(subject: string, service: DeployService): ResolvedService {
  checkOptions(subject, service ?? null, {
    name: matching('1 to 40 lower-case letters, digits and -, beginning with a letter', /^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$/),
    version: matching('a version of letters, digits, . _ + -', /^[\w][\w.+-]{0,60}$/),
    image: matching('the name of an image, such as ghcr.io/acme/flights', /^[a-z0-9]+([._/:-]+[a-z0-9]+)*$/),
    tag: matching('a tag, or a digest sha256:…', /^(\w[\w.-]{0,127}|sha256:[0-9a-f]{64})$/),
    entry: matching('a relative path to a JavaScript file', /^(?!.*\.\.)[\w@-][\w@./-]*\.[cm]?js$/),
    port: wholeNumber(1, 65535),
    node: matching('a version of Node, 20 or later, such as 24', /^[2-9]\d(\.\d+){0,2}$/),
    baseDigest: matching('a digest sha256:…', /^sha256:[0-9a-f]{64}$/),
    models: relativePath,
    include: arrayOf(relativePath),
    bakeModels: ofType('boolean'),
    env: environment,
    secrets: environment,
    resources: ofType('object'),
    replicas: ofType('object'),
  })
  const { name, version = '0.1.0', resources = { cpu: 0.5, memoryMib: 512 }, replicas = { min: 2, max: 6 }, image = service.name } = service
  if (name === undefined) throw invalidArgument(`${subject} needs the \`name\` of the service`)
  checkOptions(`\`resources\` of ${subject}`, resources, { cpu: finiteNumber(0.01, 1024), memoryMib: wholeNumber(64) })
  checkOptions(`\`replicas\` of ${subject}`, replicas, { min: wholeNumber(1), max: wholeNumber(1) })
  if (replicas.max < replicas.min)
    throw invalidArgument(`\`replicas\` of ${subject} must have min ≤ max, got ${show(replicas.min)} and ${show(replicas.max)}`)
  const tag = service.tag ?? version.replaceAll('+', '-')
  return {
    ...{ name, version, image, resources, replicas, reference: tag.startsWith('sha256:') ? `${image}@${tag}` : `${image}:${tag}` },
    entry: service.entry ?? 'dist/server.js',
    port: service.port ?? 8000,
    node: service.node ?? '24',
    baseDigest: service.baseDigest,
    models: (service.models ?? 'models').replace(/\/+$/, ''),
    bakeModels: service.bakeModels ?? false,
    include: service.include ?? [],
    env: service.env ?? {},
    secrets: service.secrets ?? {},
  }
}

/** The environment that every deployment of the service sets. */
export function environmentOf({ port, models, resources, env }: ResolvedService): Record<string, string> {
  // Tensors live outside V8's heap: a quarter is left for them.
  const heap = Math.floor(resources.memoryMib * 0.75)
  return {
    NODE_ENV: 'production',
    NODE_OPTIONS: `--max-old-space-size=${heap}`,
    MILLWRIGHT_DEPLOYMENT_API_HOST: '0.0.0.0',
    MILLWRIGHT_DEPLOYMENT_API_PORT: String(port),
    MILLWRIGHT_DEPLOYMENT_MODEL_PATH: `${models}/`,
    ...env,
  }
}

/** The line that every generated file begins with. */
export function generatedBy(what: string): string {
  return `# ${what}. Written by millwright/deploy; yours to change.\n`
}
