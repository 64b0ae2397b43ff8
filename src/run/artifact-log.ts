/** Checks the artifacts of a run, converts them to bytes, and puts them into its buffer. */
import { invalidArgument, show } from '../core/errors'
import { assertSafeKey } from '../core/ids'
import { checkOptions, ofType, wholeNumber } from '../core/options'
import { assertRunKey } from '../ports/run-keys'
import { contentBytes, jsonBytes } from './artifact-content'
import { LOGGED_ARTIFACTS, loggedTables } from './logged-tables'
import { assertHtml, figureContent, imageContent, imageFiles, type LogImageOptions } from './media'
import type { PendingWork } from './pending-work'
import type { RunBuffer } from './run-buffer'
import { tableContent } from './table-json'

/** Options of {@link createArtifactLog}. */
export interface ArtifactLogInit {
  readonly buffer: RunBuffer
  readonly pendingWork: PendingWork
  readonly now: () => number
  /** The tag with MLflow's list of the run's tables. */
  readonly tables: string | undefined
}

/** Logs files of one run. Every function throws `InvalidArgument` before anything is logged. */
export interface ArtifactLog {
  content(path: string, content: unknown): void
  text(path: string, text: string): void
  json(path: string, value: unknown): void
  table(path: string, table: Parameters<typeof tableContent>[0]): void
  figure(path: string, figure: unknown): void
  page(path: string, page: string): void
  image(key: string, image: unknown, options: LogImageOptions): void
  /** Bytes logged so far. */
  bytes(): number
}

/** Creates the log of a run's artifacts. */
export function createArtifactLog({ buffer, pendingWork, now, tables: tag }: ArtifactLogInit): ArtifactLog {
  const tables = loggedTables(tag)
  let logged = 0
  const add = (path: string, content: Uint8Array | Promise<Uint8Array>): void => {
    if (!(content instanceof Uint8Array)) pendingWork.add(content.then((bytes) => add(path, bytes)))
    else {
      logged += content.length
      buffer.artifact(path, content)
    }
  }
  const content = (path: string, given: unknown): void => {
    assertSafeKey(path, 'an artifact path')
    add(path, contentBytes(path, given))
  }
  const text = (path: string, given: string): void => {
    if (typeof given !== 'string') throw invalidArgument(`the text of artifact ${show(path)} must be a string, got ${show(given)}`)
    content(path, given)
  }
  return {
    content,
    text,
    json(path, value) {
      content(path, jsonBytes(path, value))
    },
    table(path, table) {
      if (typeof path !== 'string' || !path.endsWith('.json')) {
        throw invalidArgument(`the path of a table must end in .json, got ${show(path)}`)
      }
      const json = tableContent(table)
      const listed = tables.with(path)
      content(path, json)
      tables.add(path)
      buffer.tag(LOGGED_ARTIFACTS, listed)
    },
    figure(path, figure) {
      assertSafeKey(path, 'an artifact path')
      add(path, figureContent(path, figure))
    },
    page(path, page) {
      assertHtml(path)
      text(path, page)
    },
    image(key, image, options) {
      checkOptions('logImage', options, { step: wholeNumber(0), timestamp: wholeNumber(0), thumbnail: ofType('object') })
      const timestamp = options.timestamp ?? now()
      assertRunKey(key, 'image')
      const store = (bytes: Uint8Array): void => {
        for (const [path, file] of imageFiles(key, bytes, { ...options, timestamp })) add(path, file)
      }
      const bytes = imageContent(key, image)
      if (bytes instanceof Uint8Array) store(bytes)
      else pendingWork.add(bytes.then(store))
      buffer.tag('mlflow.loggedImages', 'True')
    },
    bytes: () => logged,
  }
}
