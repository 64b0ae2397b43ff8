/** Reads files on Node (and on Bun and Deno, which have the same module) without an import, so that bundles for browsers can contain this file. */
import { MillwrightError, show } from '../../core/errors'
import { findBuiltin } from '../../core/node-builtin'

/** The functions of `node:fs` that are used. */
interface NodeFs {
  readonly promises: {
    readFile(path: string | URL, options: { signal?: AbortSignal | undefined }): Promise<Uint8Array>
    stat(path: string | URL): Promise<{ readonly size: number; isDirectory(): boolean }>
    open(path: string | URL): Promise<FileHandle>
  }
}

/** The little of a file handle that is used. */
interface FileHandle {
  read(buffer: Uint8Array, offset: number, length: number, position: number): Promise<{ readonly bytesRead: number }>
  stat(): Promise<{ readonly size: number; isDirectory(): boolean }>
  close(): Promise<void>
}

/** Bytes of which any part can be read. */
export interface RandomAccess {
  readonly byteLength: number
  /** The bytes from `start` to `end` (not included), or to the end. */
  slice(start: number, end?: number): Promise<ArrayBuffer>
  close(): Promise<void>
}

/** The bytes of a file, a megabyte at a time. @throws what {@link readNodeFile} throws */
export async function* chunksOfNodeFile(path: string | URL, operation: string): AsyncGenerator<Uint8Array> {
  const file = await openNodeFile(path, operation)
  try {
    for (let at = 0; at < file.byteLength; at += 1 << 20)
      yield new Uint8Array(await file.slice(at, Math.min(at + (1 << 20), file.byteLength)))
  } finally {
    await file.close()
  }
}

/** A file of which parts are read. @throws what {@link readNodeFile} throws */
export async function openNodeFile(path: string | URL, operation: string): Promise<RandomAccess> {
  const name = show(String(path))
  const fs = nodeFs(operation, name)
  try {
    const handle = await fs.promises.open(path)
    const stats = await handle.stat()
    if (stats.isDirectory()) {
      await handle.close()
      throw Object.assign(new Error('a folder'), { code: 'EISDIR' })
    }
    const { size } = stats
    return {
      byteLength: size,
      async slice(start, end = size) {
        const bytes = new Uint8Array(Math.max(0, Math.min(end, size) - start))
        for (let done = 0; done < bytes.length; ) {
          const { bytesRead } = await handle.read(bytes, done, bytes.length - done, start + done)
          if (bytesRead === 0) throw new MillwrightError('Corrupt', `${operation}: the file ${name} became shorter while it was read`)
          done += bytesRead
        }
        return bytes.buffer
      },
      close: () => handle.close(),
    }
  } catch (error) {
    throw translated(error, operation, name)
  }
}

/**
 * The bytes of a file.
 *
 * @throws Unsupported where there is no file system, NotFound, PermissionDenied, InvalidArgument for a folder or beyond `maxBytes`; the signal's reason
 */
export async function readNodeFile(
  path: string | URL,
  options: { readonly operation: string; readonly maxBytes: number; readonly signal?: AbortSignal | undefined },
): Promise<Uint8Array> {
  const { operation, maxBytes, signal } = options
  const name = show(String(path))
  const fs = nodeFs(operation, name)
  try {
    const { size } = await fs.promises.stat(path)
    if (size > maxBytes)
      throw new MillwrightError('InvalidArgument', `${operation}: the file ${name} has ${size} bytes, more than ${maxBytes}`)
    return await fs.promises.readFile(path, { signal })
  } catch (error) {
    if (signal?.aborted) throw signal.reason
    throw translated(error, operation, name)
  }
}

function nodeFs(operation: string, name: string): NodeFs {
  const fs = findBuiltin<NodeFs>('node:fs')
  if (fs !== undefined) return fs
  throw new MillwrightError('Unsupported', `${operation} took ${name} for a file path, and there are no files here`, {
    hint: 'a string with a line break is read as CSV text; parseCsv always takes text',
  })
}

function translated(error: unknown, operation: string, name: string): unknown {
  const code = (error as { code?: unknown } | undefined)?.code
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new MillwrightError('NotFound', `${operation}: there is no file ${name}`, {
      hint: 'a string without a line break is taken for a path; parseCsv always takes text',
      cause: error,
    })
  }
  if (code === 'EACCES' || code === 'EPERM')
    return new MillwrightError('PermissionDenied', `${operation} may not read ${name}`, { cause: error })
  if (code === 'EISDIR') return new MillwrightError('InvalidArgument', `${operation} needs a file, ${name} is a folder`, { cause: error })
  if (code === 'ENAMETOOLONG' || code === 'ERR_INVALID_ARG_VALUE') {
    return new MillwrightError('InvalidArgument', `${operation}: ${name} is not a path`, { cause: error })
  }
  return error
}
