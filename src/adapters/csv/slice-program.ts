/**
 * The program of the threads that read slices, as text: `scripts/thread-programs.mjs` puts the bundle of `slice-thread.ts` here. It is undefined where the
 * sources run as they are; one thread does everything then.
 */
export const program: string | undefined = undefined
