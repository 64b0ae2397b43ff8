/** Reads files on Node (and on Bun and Deno, which have the same module) without an import, so that bundles for browsers can contain this file. */
import { MillwrightError, show } from '../../core/errors'
import { findBuiltin } from '../../core/node-builtin'

/** The functions of `node:fs` that are used. */
interface NodeFs {
  readonly promises: {
    readFile(path: string | URL, options: { signal?: AbortSignal | undefined }): Promise<Uint8Array>
    stat(path: string | URL): Promise<{ readonly size: number; isDirectory(): boolean }>
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
  const fs = findBuiltin<NodeFs>('node:fs')
  const name = show(String(path))
  if (fs === undefined) {
    throw new MillwrightError('Unsupported', `${operation} took ${name} for a file path, and there are no files here`, {
      hint: 'a string with a line break is read as CSV text; parseCsv always takes text',
    })
  }
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
