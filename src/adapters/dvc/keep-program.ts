/**
 * The program of the threads that keep files, as text: `scripts/thread-programs.mjs` puts the bundle of `keep-thread.ts` here. It is undefined where
 * the sources run as they are; the calling thread does everything then.
 */
export const program: string | undefined = undefined
