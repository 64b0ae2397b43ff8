/** Figures, images and pages as artifacts, where MLflow's pages look for them. */
import { invalidArgument, show } from '../core/errors'
import { newId } from '../core/ids'
import { assertRunKey } from '../ports/run-keys'

/** Options of `run.logImage`. */
export interface LogImageOptions {
  /** A whole number ≥ 0. @default 0 */
  readonly step?: number | undefined
  /** Epoch milliseconds. @default now */
  readonly timestamp?: number | undefined
  /** A small WebP of it (MLflow makes one of 256 pixels), which the grid shows. @default the PNG itself */
  readonly thumbnail?: Uint8Array | undefined
}

/** First bytes of each kind; of WebP the container's. */
const firstBytes: Readonly<Record<string, readonly number[]>> = {
  png: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a],
  jpg: [0xff, 0xd8, 0xff],
  jpeg: [0xff, 0xd8, 0xff],
  gif: [0x47, 0x49, 0x46, 0x38],
  webp: [0x52, 0x49, 0x46, 0x46],
}

/** Checks that a figure is what its path says. @throws InvalidArgument */
export function assertFigure(path: string, figure: string | Uint8Array): void {
  const kind = typeof path === 'string' ? path.slice(path.lastIndexOf('.') + 1).toLowerCase() : ''
  if (kind === 'svg') {
    if (typeof figure === 'string' && figure.includes('<svg')) return
    throw invalidArgument(`figure ${show(path)} must be SVG text, got ${show(figure)}`)
  }
  if (!Object.hasOwn(firstBytes, kind)) {
    throw invalidArgument(`the path of a figure must end in .svg, .png, .jpg, .jpeg, .webp or .gif, got ${show(path)}`)
  }
  assertBytes(figure, kind, `figure ${show(path)}`)
}

/** Checks a page. @throws InvalidArgument */
export function assertHtml(path: string): void {
  if (typeof path !== 'string' || !/\.html?$/i.test(path)) throw invalidArgument(`the path of a page must end in .html, got ${show(path)}`)
}

/**
 * The two files of an image as MLflow names them: `images/<key, / as ~>+step+<n>+timestamp+<ms>+<id>.png`, and `…+compressed.webp`,
 * which its grid shows. Nothing here makes WebP; without a thumbnail the second file holds the PNG, which browsers show all the same.
 *
 * @throws InvalidArgument
 */
export function imageFiles(key: string, png: Uint8Array, options: LogImageOptions): readonly (readonly [string, Uint8Array])[] {
  assertRunKey(key, 'image')
  assertBytes(png, 'png', `image ${show(key)}`)
  const { step = 0, timestamp, thumbnail } = options
  if (thumbnail !== undefined) assertBytes(thumbnail, 'webp', `the thumbnail of image ${show(key)}`)
  for (const [name, value] of Object.entries({ step, timestamp })) {
    if (!Number.isSafeInteger(value) || (value as number) < 0) {
      throw invalidArgument(`\`${name}\` of logImage must be a whole number ≥ 0, got ${show(value)}`)
    }
  }
  const id = newId().replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
  const path = `images/${key.replaceAll('/', '~')}+step+${step}+timestamp+${timestamp}+${id}`
  return [
    [`${path}.png`, png],
    [`${path}+compressed.webp`, thumbnail ?? png],
  ]
}

function assertBytes(bytes: unknown, kind: string, subject: string): void {
  const wanted = firstBytes[kind] ?? []
  if (!(bytes instanceof Uint8Array)) {
    const hint = typeof Blob === 'function' && bytes instanceof Blob ? 'of a Blob: new Uint8Array(await blob.arrayBuffer())' : undefined
    throw invalidArgument(`${subject} must be bytes, got ${show(bytes)}`, { hint })
  }
  if (wanted.some((byte, i) => bytes[i] !== byte)) throw invalidArgument(`${subject} is no ${kind.toUpperCase()}`)
}
