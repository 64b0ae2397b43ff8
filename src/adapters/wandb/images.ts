/** Converts images of a run (`run.logImage`) to W&B's media. */
import { sha256Hex } from '../../core/hash'
import type { JsonItem } from './records'

/** An image for W&B: the file, and the history value that refers to it. */
export interface WandbImage {
  readonly path: string
  readonly step: number
  readonly timestamp: number
  readonly item: JsonItem
}

/** `images/<key, / as ~>+step+<n>+timestamp+<ms>+<id>.png`, as MLflow names images. */
const shape = /^images\/(.+)\+step\+(\d+)\+timestamp\+(\d+)\+([^+/]+)\.png$/

/** The image of an artifact; `undefined` for artifacts that are no images. */
export function wandbImage(path: string, bytes: Uint8Array): WandbImage | undefined {
  const [, name, step, timestamp] = shape.exec(path) ?? []
  if (name === undefined || bytes.length < 24) return undefined
  const key = name.replace(/[~#]/g, '/')
  const sha256 = sha256Hex(bytes)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const file = `media/images/${key}_${step}_${sha256.slice(0, 20)}.png`
  // A PNG's width and height are the first two numbers of its first chunk.
  const size = { width: view.getUint32(16), height: view.getUint32(20) }
  const value = { _type: 'image-file', sha256, size: bytes.length, path: file, format: 'png', ...size }
  return { path: file, step: Number(step), timestamp: Number(timestamp), item: [key, JSON.stringify(value)] }
}

/** Whether an artifact is the thumbnail of an image for MLflow's UI, which W&B does not use. */
export function isThumbnail(path: string): boolean {
  return /^images\/.+\+step\+\d+\+timestamp\+\d+\+[^+/]+\+compressed\.webp$/.test(path)
}
