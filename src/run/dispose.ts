/** `await using`: what holds something open lets go at the end of its block, where the runtime knows the symbol. */

/**
 * Gives `target` a method under `Symbol.asyncDispose`. Call it in a constructor: a class member under that name would keep the class in
 * every bundle, and fail where the symbol is unknown.
 */
export function attachDispose(target: object, close: () => Promise<void>): void {
  const { asyncDispose } = Symbol as { readonly asyncDispose?: symbol }
  if (asyncDispose !== undefined) Object.defineProperty(target, asyncDispose, { value: close, enumerable: false, configurable: true })
}
