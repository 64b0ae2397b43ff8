/** The learner's columns from rows of cells, without a table in between. */
import type { CellValue } from '../schema/column'
import type { FeatureMatrix } from './learner'
import type { ModelParts } from './model-parts'

/** Makes a matrix of rows whose cells are in the order of the model's features, each of its column's type. */
export type MatrixOfCells = (rows: readonly (readonly CellValue[])[]) => FeatureMatrix

/** The maker for a model; `undefined` for one with transformers, which take tables, or with columns that are no numbers. */
export function matrixOfCells({ transformers, features, matrixNames }: ModelParts): MatrixOfCells | undefined {
  if (transformers.length > 0 || features.some(({ type }) => type !== 'float64' && type !== 'int32' && type !== 'boolean')) return undefined
  const places = matrixNames.map((name) => features.findIndex((feature) => feature.name === name))
  if (places.includes(-1)) return undefined
  return (rows) => {
    const columns = new Array<Float64Array>(places.length)
    for (let f = 0; f < places.length; f++) {
      const place = places[f] as number
      const column = new Float64Array(rows.length)
      for (let row = 0; row < rows.length; row++) {
        const cell = (rows[row] as readonly CellValue[])[place]
        column[row] = cell === null ? Number.NaN : Number(cell)
      }
      columns[f] = column
    }
    return { numRows: rows.length, names: matrixNames, columns }
  }
}
