/** A value now or later: what ports may return, so that in-memory backends stay simple. Callers always `await`. */
export type Awaitable<T> = T | Promise<T>
