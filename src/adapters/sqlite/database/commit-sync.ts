/** Makes commits survive the loss of power. Many commits share one flush of the disk, and the flush does not block the event loop. Node only. */
import { closeSync, fdatasync, openSync } from 'node:fs'

/** Counts the commits, and those of them that survive the loss of power. */
export interface CommitSync {
  /** Called after each commit. */
  committed(): void
  /** Resolves when all commits before the call survive the loss of power. @throws the error of the flush */
  durable(): Promise<void>
  /** Closes the file, after a flush that is running. */
  close(): void
}

/** A `CommitSync` over a function that flushes the file. Commits during a flush share the next one. */
export function createCommitSync(flush: () => Promise<void>, close: () => void = () => {}): CommitSync {
  let commits = 0
  let safe = 0
  let flushing: Promise<void> | undefined
  const once = async (): Promise<void> => {
    const upTo = commits
    try {
      await flush()
      safe = upTo
    } finally {
      flushing = undefined
    }
  }
  return {
    committed: () => void commits++,
    async durable() {
      const wanted = commits
      while (safe < wanted) {
        flushing ??= once()
        await flushing
      }
    },
    close,
  }
}

/**
 * Flushes the write-ahead log of a database. The path must be the one that SQLite uses itself (`PRAGMA database_list`).
 *
 * With `synchronous=NORMAL` SQLite still orders its writes (the log before the database, the log's header before its frames), so the database
 * stays consistent. It omits only the flush after each commit, which is made here. The log stays the same file while a connection is open.
 * SQLite's locks are on the database and on its `-shm` file, so closing the log releases no lock.
 */
export function walSync(databasePath: string): CommitSync {
  let fd: number | undefined
  let users = 0
  let isClosed = false
  const release = (): void => {
    if (fd === undefined || users > 0 || !isClosed) return
    closeSync(fd)
    fd = undefined
  }
  const flush = async (): Promise<void> => {
    // Opened for writing: Windows flushes only such files.
    fd ??= openSync(`${databasePath}-wal`, 'r+')
    const file = fd
    users++
    try {
      await new Promise<void>((resolve, reject) => fdatasync(file, (error) => (error === null ? resolve() : reject(error))))
    } finally {
      users--
      release()
    }
  }
  return createCommitSync(flush, () => {
    isClosed = true
    release()
  })
}
