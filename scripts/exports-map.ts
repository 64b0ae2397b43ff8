/** The `exports` map that package.json must hold. */
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
