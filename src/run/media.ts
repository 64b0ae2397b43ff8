/** Checks figures, images and HTML pages, and names their files as MLflow's UI expects. */
import { utf8 } from '../core/bytes'
import { invalidArgument, show } from '../core/errors'
import { newId } from '../core/ids'

/** Options of `run.logImage`. */
export interface LogImageOptions {
  /** A whole number ≥ 0. @default 0 */
  readonly step?: number | undefined
  /** Epoch milliseconds. @default now */
  readonly timestamp?: number | undefined
  /** A small WebP version, which the image grid shows; MLflow makes one of 256 pixels. @default the PNG itself */
  readonly thumbnail?: Uint8Array | undefined
}

/** The first bytes of each format; for WebP those of its RIFF container. */
const firstBytes: Readonly<Record<string, readonly number[]>> = {
  png: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a],
  jpg: [0xff, 0xd8, 0xff],
  jpeg: [0xff, 0xd8, 0xff],
  gif: [0x47, 0x49, 0x46, 0x38],
  webp: [0x52, 0x49, 0x46, 0x46],
}

/** An object that can be converted to an image: a canvas, an SVG element, a chart of a library. It is converted when it is logged. */
export interface Drawing {
  /** SVG text. */
  toSVG?(): string
  /** Of an SVG element. */
  readonly outerHTML?: string
  /** `data:image/png;base64,…`: canvases of pages and of node-canvas. */
  toDataURL?(type?: string): string
  /** Of an OffscreenCanvas. */
  convertToBlob?(options?: { type?: string }): Promise<Blob>
}

/** A PNG: its bytes, a Blob of them, or a canvas. */
export type ImageContent = Uint8Array | Blob | Drawing

/**
 * The bytes of a figure, in the format that the extension of `path` names. Returns a Promise for a Blob and an OffscreenCanvas.
 *
 * @throws InvalidArgument
 */
export function figureContent(path: string, figure: unknown): Uint8Array | Promise<Uint8Array> {
  const kind = typeof path === 'string' ? path.slice(path.lastIndexOf('.') + 1).toLowerCase() : ''
  const subject = `figure ${show(path)}`
  if (kind === 'svg') {
    const { toSVG, outerHTML } = (typeof figure === 'object' && figure !== null ? figure : {}) as Drawing
    const text = typeof figure === 'string' ? figure : typeof toSVG === 'function' ? toSVG.call(figure) : outerHTML
    if (typeof text === 'string' && text.includes('<svg')) return utf8(text)
    throw invalidArgument(`${subject} must be SVG text, an SVG element or something with toSVG(), got ${show(figure)}`)
  }
  if (!Object.hasOwn(firstBytes, kind)) {
    throw invalidArgument(`the path of a figure must end in .svg, .png, .jpg, .jpeg, .webp or .gif, got ${show(path)}`)
  }
  return pixels(figure, kind, subject)
}

/** The bytes of one image of a series. @throws InvalidArgument when they are no PNG */
export function imageContent(key: string, image: unknown): Uint8Array | Promise<Uint8Array> {
  return pixels(image, 'png', `image ${show(key)}`)
}

function pixels(image: unknown, kind: string, subject: string): Uint8Array | Promise<Uint8Array> {
  const checked = (bytes: Uint8Array): Uint8Array => {
    assertBytes(bytes, kind, subject)
    return bytes
  }
  const read = async (blob: Promise<Blob> | Blob): Promise<Uint8Array> => checked(new Uint8Array(await (await blob).arrayBuffer()))
  if (image instanceof Uint8Array) return checked(image.slice())
  if (typeof Blob === 'function' && image instanceof Blob) return read(image)
  const { toDataURL, convertToBlob } = (typeof image === 'object' && image !== null ? image : {}) as Drawing
  const type = `image/${kind === 'jpg' ? 'jpeg' : kind}`
  if (typeof convertToBlob === 'function') return read(convertToBlob.call(image, { type }))
  if (typeof toDataURL === 'function') {
    const [head = '', data = ''] = toDataURL.call(image, type).split(',')
    if (!head.endsWith(';base64')) throw invalidArgument(`${subject}: its toDataURL() gave ${show(`${head},…`)}, which is not in base 64`)
    return checked(Uint8Array.from(atob(data), (character) => character.charCodeAt(0)))
  }
  throw invalidArgument(`${subject} must be bytes, a Blob or a canvas, got ${show(image)}`)
}

/** Checks the text and the path of an HTML page. @throws InvalidArgument */
export function assertHtml(path: string): void {
  if (typeof path !== 'string' || !/\.html?$/i.test(path)) throw invalidArgument(`the path of a page must end in .html, got ${show(path)}`)
}

/**
 * The two files of an image as MLflow names them: `images/<key, / as ~>+step+<n>+timestamp+<ms>+<id>.png`, and `…+compressed.webp`,
 * which its image grid shows. This library cannot encode WebP: without a thumbnail the second file holds the PNG, which browsers show in spite of the name.
 * `key` and `png` have been checked.
 *
 * @throws InvalidArgument
 */
export function imageFiles(key: string, png: Uint8Array, options: LogImageOptions): readonly (readonly [string, Uint8Array])[] {
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
  if (!(bytes instanceof Uint8Array)) throw invalidArgument(`${subject} must be bytes, got ${show(bytes)}`)
  if ((firstBytes[kind] ?? []).some((byte, i) => bytes[i] !== byte)) throw invalidArgument(`${subject} is no ${kind.toUpperCase()}`)
}
