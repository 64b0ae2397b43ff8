/** Making commits survive the loss of power, many with one flush of the disk, and without holding up the event loop. Node only. */
import { closeSync, fdatasync, openSync } from 'node:fs'

/** Keeps count of commits, and of how many of them lie on the disk for good. */
export interface CommitSync {
  /** Says that something was committed. */
  committed(): void
  /** Resolves when everything committed before the call survives the loss of power. @throws what the disk says */
  durable(): Promise<void>
  /** Lets go of the file; what is under way still ends. */
  close(): void
}

/** Over a function that flushes the file. Commits that arrive while a flush is under way share the next one. */
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
 * Flushes the write-ahead log of a database, whose path must be what SQLite itself calls it (`PRAGMA database_list`).
 *
 * With `synchronous=NORMAL` SQLite orders its writes (the log before the database, the log's header before its frames), so that nothing
 * tears, and leaves out just the flush after each commit: that is the one made here. The log stays the same file while a connection is
 * open. SQLite's locks are on the other two files, so closing this one releases none.
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
    // For writing, which Windows wants of a file that is flushed.
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
