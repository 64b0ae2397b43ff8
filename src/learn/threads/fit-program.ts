/**
 * The program of the threads that learn, as text: `scripts/thread-programs.mjs` puts the bundle of `fit-thread.ts` here. It is undefined where the sources
 * run as they are; the calling thread does everything then.
 */
export const program: string | undefined = undefined
