/** Figures of a column that grow with every batch. */
import type { CellValue } from '../schema/cell-types'
import { type Column, toFloat64 } from '../schema/column'
import { byValue, summaryOf } from './value-summary'

/** Counts, mean and squared distances (Chan, Golub and LeVeque 1983), extremes. */
export class RunningFigures {
  rows = 0
  min: CellValue = null
  max: CellValue = null
  #present = 0
  #sum = 0
  #mean = 0
  #squares = 0
  #numberRows = 0

  addRows(count: number): void {
    this.rows += count
  }

  /** @throws InvalidArgument for text, unless only its extremes or its missing cells are asked for */
  addColumn(column: Column, figure: string): void {
    this.#numberRows += column.length
    if (figure === 'presentShare') this.#present += column.length - column.nullCount
    else if (figure === 'min' || figure === 'max') this.#addExtremes(column)
    else this.#addNumbers(toFloat64(column))
  }

  get sum(): number {
    return this.#sum
  }

  get mean(): number | null {
    return this.#present === 0 ? null : this.#sum / this.#present
  }

  get stdev(): number | null {
    return this.#present < 2 ? null : Math.sqrt(this.#squares / (this.#present - 1))
  }

  get presentShare(): number {
    return this.#numberRows === 0 ? 0 : this.#present / this.#numberRows
  }

  #addExtremes(column: Column): void {
    for (const key of summaryOf(column).counts.keys()) {
      if (this.min === null || byValue(key, this.min) < 0) this.min = key
      if (this.max === null || byValue(key, this.max) > 0) this.max = key
    }
  }

  #addNumbers(numbers: Float64Array): void {
    let [count, sum] = [0, 0]
    for (const value of numbers) {
      if (value !== value) continue
      count++
      sum += value
    }
    if (count === 0) return
    const mean = sum / count
    let squares = 0
    for (const value of numbers) if (value === value) squares += (value - mean) ** 2
    const distance = mean - this.#mean
    const total = this.#present + count
    this.#squares += squares + (distance * distance * this.#present * count) / total
    this.#mean += (distance * count) / total
    this.#present = total
    this.#sum += sum
  }
}
