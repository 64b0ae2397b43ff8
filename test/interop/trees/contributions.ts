/** SHAP values of models that we read, with sets of categories and several classes, against those of LightGBM and XGBoost. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fromLightgbm } from '../../../src/adapters/lightgbm'
import { fromXgboost } from '../../../src/adapters/xgboost'
import { shapValues } from '../../../src/learn'
import { Comparison, inFolder, type ReadCase, run, tableOfCase } from './_support'

interface ContributionCase extends ReadCase {
  readonly library: 'xgboost' | 'lightgbm'
  readonly background: ReadCase['rows']
}

await inFolder((folder) => {
  console.log(run('trees', 'test/interop/trees/contributions.py', folder))
  for (const library of ['lightgbm', 'xgboost'] as const) {
    const comparison = new Comparison()
    for (const each of JSON.parse(readFileSync(join(folder, 'cases.json'), 'utf8')) as ContributionCase[]) {
      if (each.library !== library) continue
      const fitted = (library === 'lightgbm' ? fromLightgbm : fromXgboost)(new Uint8Array(readFileSync(join(folder, each.file))))
      const background = tableOfCase(fitted, { columns: each.columns, rows: each.background })
      const { values, baseValues, outputs, features } = shapValues(fitted, tableOfCase(fitted, each), { background })
      // The libraries give, for each row and class, the features and then the base value.
      const ours = each.rows.flatMap((_, row) =>
        Array.from({ length: outputs }, (_, o) => [
          ...features.map((_, f) => values[(row * features.length + f) * outputs + o] as number),
          baseValues[o] as number,
        ]).flat(),
      )
      // XGBoost adds up in float32.
      comparison.check(each.name, ours, each.answers, library === 'lightgbm' ? 1e-10 : 5e-6)
    }
    console.log(`${library}: ${comparison}`)
  }
})
