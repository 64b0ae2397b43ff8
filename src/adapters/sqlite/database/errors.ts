/** SQLite's errors as errors of the library. */
import { MillwrightError, show } from '../../../core/errors'
import { writeErrorOfFolder } from './driver'

/** The error of the library that an error of SQLite or of its driver means; `path` is the database file. */
export function translateSqliteError(error: unknown, path: string): unknown {
  if (error instanceof MillwrightError) return error
  const { message = String(error), code, errcode } = error as { message?: string; code?: string; errcode?: number }
  const kind = `${code ?? ''} ${errcode ?? ''} ${message}`
  const describe = (what: string): string => `the SQLite store ${show(path)} ${what}: ${message}`
  if (/NOTADB|not a database|malformed|SQLITE_CORRUPT/i.test(kind))
    return new MillwrightError('Corrupt', describe('cannot be read'), { cause: error })
  if (/readonly|READONLY|permission|EACCES/i.test(kind))
    return new MillwrightError('PermissionDenied', describe('cannot be written'), { cause: error })
  if (/BUSY|locked/i.test(kind)) return new MillwrightError('Unavailable', describe('is locked by another process'), { cause: error })
  if (/FULL|disk/i.test(kind))
    return new MillwrightError('Unavailable', describe('could not be written'), { cause: error, retryable: false })
  if (/unable to open|directory does not exist|CANTOPEN/i.test(kind)) {
    // Even for reading, SQLite writes files beside the database.
    const reason = path === ':memory:' ? undefined : writeErrorOfFolder(path)
    if (reason === undefined) return new MillwrightError('NotFound', describe('cannot be opened'), { cause: error })
    return new MillwrightError('PermissionDenied', describe(`cannot be opened, its folder cannot be written to (${reason})`), {
      cause: error,
    })
  }
  if (/UNIQUE|PRIMARYKEY|constraint/i.test(kind)) return new MillwrightError('Conflict', describe('refused a write'), { cause: error })
  return new MillwrightError('Internal', describe('failed'), { cause: error })
}
