import type { BuildOptions } from 'esbuild'
/** Bundles `source` into `outfile` with the package's names leading to its sources. */
export function bundle(source: string, outfile: string, options?: BuildOptions & { readonly inlinePackages?: boolean }): Promise<void>
