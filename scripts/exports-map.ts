/** What package.json and tsconfig.json must hold about the entries. */
import { entries } from './entries'

/** `exports`: each subpath with types first, for `import` and for `require`. */
export function exportsMap(): Record<string, unknown> {
  const map: Record<string, unknown> = {}
  for (const { subpath, output } of entries()) {
    map[subpath] = {
      import: { types: `./dist/${output}.d.ts`, default: `./dist/${output}.js` },
      require: { types: `./dist/${output}.d.cts`, default: `./dist/${output}.cjs` },
    }
  }
  map['./package.json'] = './package.json'
  return map
}

/** `paths`: the package's names lead to its sources. */
export function sourcePaths(): Record<string, readonly string[]> {
  return Object.fromEntries(entries().map(({ subpath, source }) => [`millwright${subpath.slice(1)}`, [`./${source}`]]))
}
