/**
 * The innermost loops of forests, in AssemblyScript, a language with TypeScript's syntax that becomes WebAssembly. `npm run generate:kernels` writes what it becomes to ../growth-code.ts.
 * Each function does exactly what its namesake in TypeScript does. All positions are in bytes.
 */
export { scanBinary, splitBinary } from './binary.as'
export { countClasses, countRareClasses, placeClasses, placeRare } from './classes.as'
export { placeGini, scanGini } from './gini.as'
export { countNumbers, openNumbers, placeNumbers, scanNumbers } from './numbers.as'
export { bringNear, partition, place } from './rows.as'
