/** Models of XGBoost and LightGBM read by us: every objective, booster and kind of split, on every row the answers of the library. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fromLightgbm } from '../../../src/adapters/lightgbm'
import { fromXgboost } from '../../../src/adapters/xgboost'
import { answersOf, Comparison, inFolder, type ReadCase, run } from './_support'

const libraries = [
  // Four units in the last place of a float32: XGBoost takes the exponential and the logarithm in float32.
  { program: 'xgboost_models.py', read: fromXgboost, tolerance: 5e-7 },
  { program: 'lightgbm_models.py', read: fromLightgbm, tolerance: 1e-14 },
]
// Other environments, to try older versions: `read.ts xgb-1.7.6`.
const venvs = process.argv.length > 2 ? process.argv.slice(2) : ['trees']
const drawn = venvs.length === 1 ? '40' : '10'

for (const venv of venvs) {
  for (const { program, read, tolerance } of libraries) {
    await inFolder((folder) => {
      console.log(run(venv, `test/interop/trees/${program}`, folder, drawn))
      const comparison = new Comparison()
      for (const each of JSON.parse(readFileSync(join(folder, 'cases.json'), 'utf8')) as ReadCase[]) {
        const bytes = new Uint8Array(readFileSync(join(folder, each.file)))
        const { iterations, categories } = each
        comparison.check(
          each.name,
          answersOf(read(bytes, { iterations, categories: categories ?? undefined }), each),
          each.answers,
          tolerance,
        )
      }
      console.log(String(comparison))
    })
  }
}
