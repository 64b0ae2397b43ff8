/** What a comparison of two versions says. */
import type { CellValue } from '../../schema/column'
import type { ColumnSpec } from '../../schema/signature'
import type { ColumnProfile } from '../profile'
import type { DatasetVersion } from './records'

/** How two versions differ. Plain JSON; displayed as text and Markdown, as a page by `datasetDiffHtml`. */
export interface DatasetDiff {
  readonly before: DatasetVersion
  readonly after: DatasetVersion
  /** The content is the same. */
  readonly isSame: boolean
  /** Of tables. */
  readonly schema: SchemaDiff | undefined
  /** Of tables. */
  readonly rows: RowDiff | undefined
  /** Of tables: every column of either version, those of the later one first. */
  readonly columns: readonly ColumnDiff[]
  /** Of files. */
  readonly files: FileDiff | undefined
}

/** Columns that came, went or changed their type or whether a cell may be missing. */
export interface SchemaDiff {
  readonly added: readonly ColumnSpec[]
  readonly removed: readonly ColumnSpec[]
  readonly changed: readonly { readonly name: string; readonly before: ColumnSpec; readonly after: ColumnSpec }[]
}

/** Rows, matched by key. Without a key only their numbers are known. */
export interface RowDiff {
  readonly before: number
  readonly after: number
  readonly key: readonly string[]
  readonly added: number | undefined
  readonly removed: number | undefined
  /** Rows of both with a cell of a shared column that differs. */
  readonly changed: number | undefined
  readonly unchanged: number | undefined
  /** The first rows of each kind. */
  readonly addedRows: readonly Readonly<Record<string, CellValue>>[]
  readonly removedRows: readonly Readonly<Record<string, CellValue>>[]
  readonly changedRows: readonly ChangedRow[]
}

/** A row whose cells differ. */
export interface ChangedRow {
  readonly key: Readonly<Record<string, CellValue>>
  readonly cells: readonly { readonly column: string; readonly before: CellValue; readonly after: CellValue }[]
}

/** One column in both versions. */
export interface ColumnDiff {
  readonly name: string
  /** The same cells in the same order; then there are no statistics. */
  readonly isSame: boolean
  /** Cells that differ in matched rows; `undefined` without a key. */
  readonly changedCells: number | undefined
  readonly before: ColumnProfile | undefined
  readonly after: ColumnProfile | undefined
}

/** Files that differ, by path. */
export interface FileDiff {
  readonly added: readonly FileFacts[]
  readonly removed: readonly FileFacts[]
  readonly changed: readonly { readonly path: string; readonly before: FileFacts; readonly after: FileFacts }[]
  readonly unchanged: number
}

/** A file of a version. */
export interface FileFacts {
  readonly path: string
  readonly sizeBytes: number
  /** SHA-256 of the content. */
  readonly digest: string
}
