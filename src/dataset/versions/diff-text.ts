/** A diff in words: plain text for consoles, Markdown for notebooks and pull requests. */
import { attachDisplay, markdownTable, textTable } from '../../core/display'
import type { CellValue, ColumnType } from '../../schema/column'
import type { ColumnSpec } from '../../schema/signature'
import type { ColumnProfile } from '../profile'
import type { DatasetDiff, SchemaDiff } from './diff-result'

/** Gives a diff its display; `String(diff)` is the whole text. */
export function attachDiffDisplay(diff: DatasetDiff): DatasetDiff {
  Object.defineProperty(diff, 'toString', { value: () => datasetDiffText(diff), enumerable: false, configurable: true })
  return attachDisplay(diff, { text: () => datasetDiffText(diff), markdown: () => datasetDiffMarkdown(diff) })
}

/** The diff as plain text: what changed in one line, then schema, rows, columns, files as tables. */
export function datasetDiffText(diff: DatasetDiff): string {
  return [diffSummary(diff), ...partsOf(diff).map(({ title, header, rows }) => `${title}\n${textTable(header, rows)}`)].join('\n\n')
}

/** The diff as Markdown. Everything is escaped. */
export function datasetDiffMarkdown(diff: DatasetDiff): string {
  const parts = partsOf(diff).map(({ title, header, rows }) => `#### ${title}\n\n${markdownTable(header, rows)}`)
  return [`**${markdownText(diffSummary(diff))}**`, ...parts].join('\n\n')
}

function markdownText(text: string): string {
  return text.replace(/[\\<>&`*_[\]|]/g, (character) => (/[<>&]/.test(character) ? `&#${character.charCodeAt(0)};` : `\\${character}`))
}

/** One line: `flights@1 → flights@2: 2 rows added, 1 changed; 1 column added`. */
export function diffSummary(diff: DatasetDiff): string {
  const way = `${diff.before.reference} → ${diff.after.reference}`
  if (diff.isSame) return `${way}: no difference`
  const { schema, rows, files } = diff
  const said: string[] = []
  if (rows !== undefined) {
    if (rows.added === undefined)
      said.push(rows.before === rows.after ? `${rows.after} rows in both` : `${rows.before} → ${rows.after} rows`)
    else said.push(`rows: ${counted({ added: rows.added, removed: rows.removed, changed: rows.changed })}`)
    const differing = diff.columns.filter(({ isSame }) => !isSame).length
    said.push(`${differing} of ${diff.columns.length} columns differ`)
  }
  if (schema !== undefined) {
    const counts = counted({ added: schema.added.length, removed: schema.removed.length, changed: schema.changed.length })
    if (counts !== 'none changed') said.push(`schema: ${counts}`)
  }
  if (files !== undefined) {
    said.push(`files: ${counted({ added: files.added.length, removed: files.removed.length, changed: files.changed.length })}`)
  }
  return `${way}: ${said.join('; ')}`
}

function counted(counts: Readonly<Record<string, number | undefined>>): string {
  const some = Object.entries(counts).flatMap(([what, count]) => (count ? [`${count} ${what}`] : []))
  return some.length === 0 ? 'none changed' : some.join(', ')
}

interface Part {
  readonly title: string
  readonly header: readonly string[]
  readonly rows: readonly (readonly unknown[])[]
}

function partsOf(diff: DatasetDiff): readonly Part[] {
  const { schema, rows, columns, files } = diff
  const differing = columns.filter(({ isSame }) => !isSame)
  const all: Part[] = [
    { title: 'Schema', header: ['column', 'change', 'before', 'after'], rows: schema === undefined ? [] : schemaRows(schema) },
    {
      title: 'Columns that differ',
      header: ['column', 'cells changed', 'statistic', 'before', 'after'],
      rows: differing.flatMap(({ name, changedCells, before, after }) =>
        changedStatistics(before, after).map(([statistic, a, b], i) => [
          i === 0 ? name : '',
          i === 0 ? (changedCells ?? '') : '',
          statistic,
          a,
          b,
        ]),
      ),
    },
    {
      title: 'Rows changed',
      header: ['key', 'column', 'before', 'after'],
      rows: (rows?.changedRows ?? []).flatMap(({ key, cells }) =>
        cells.map(({ column, before, after }, i) => [i === 0 ? keyText(key) : '', column, cellText(before), cellText(after)]),
      ),
    },
    { title: 'Rows added', ...rowsPart(rows?.addedRows ?? []) },
    { title: 'Rows removed', ...rowsPart(rows?.removedRows ?? []) },
    {
      title: 'Files',
      header: ['file', 'change', 'bytes before', 'bytes after'],
      rows:
        files === undefined
          ? []
          : [
              ...files.added.map(({ path, sizeBytes }) => [path, 'added', '', sizeBytes]),
              ...files.removed.map(({ path, sizeBytes }) => [path, 'removed', sizeBytes, '']),
              ...files.changed.map(({ path, before, after }) => [path, 'changed', before.sizeBytes, after.sizeBytes]),
            ],
    },
  ]
  return all.filter((part) => part.rows.length > 0)
}

function rowsPart(rows: readonly Readonly<Record<string, CellValue>>[]): Omit<Part, 'title'> {
  const header = Object.keys(rows[0] ?? {}).slice(0, 20)
  return { header, rows: rows.map((row) => header.map((name) => cellText(row[name] ?? null))) }
}

/** Schema changes as rows: column, change, before, after. */
export function schemaRows({ added, removed, changed }: SchemaDiff): readonly (readonly string[])[] {
  return [
    ...added.map((column) => [column.name, 'added', '', typeText(column)]),
    ...removed.map((column) => [column.name, 'removed', typeText(column), '']),
    ...changed.map(({ name, before, after }) => [name, 'changed', typeText(before), typeText(after)]),
  ]
}

function typeText({ type, required }: ColumnSpec): string {
  return required === false ? `${type}, may be missing` : type
}

/** A cell for a reader. */
export function cellText(value: CellValue): string {
  return value === null ? '–' : String(value)
}

/** `carrier=UA, flight=12` */
export function keyText(key: Readonly<Record<string, CellValue>>): string {
  return Object.entries(key)
    .map(([name, value]) => `${name}=${cellText(value)}`)
    .join(', ')
}

/** The statistics of a column that differ: name, before, after. */
export function changedStatistics(
  before: ColumnProfile | undefined,
  after: ColumnProfile | undefined,
): readonly (readonly [statistic: string, before: string, after: string])[] {
  const names = ['count', 'missing', 'distinct', 'mean', 'sd', 'min', 'median', 'max', 'most frequent'] as const
  const [a, b] = [statisticsOf(before), statisticsOf(after)]
  return names.flatMap((name) => {
    const [old, now] = [a[name] ?? '', b[name] ?? '']
    return old === now ? [] : [[name, old, now] as const]
  })
}

/** The statistics of a column in words, by name. */
export function statisticsOf(column: ColumnProfile | undefined): Readonly<Record<string, string>> {
  if (column === undefined) return {}
  const { count, missing, distinct, mean, sd, min, max, quantiles, top, type } = column
  const frequent = top?.[0]
  return {
    count: String(count),
    missing: String(missing),
    distinct: String(distinct),
    ...(mean === undefined ? {} : { mean: numberText(mean) }),
    ...(sd === undefined ? {} : { sd: numberText(sd) }),
    ...(min === undefined ? {} : { min: valueText(min, type), max: valueText(max ?? null, type) }),
    ...(quantiles === undefined ? {} : { median: valueText(quantiles.p50, type) }),
    ...(frequent === undefined ? {} : { 'most frequent': `${cellText(frequent.value)} (${frequent.count})` }),
  }
}

function valueText(value: CellValue, type: ColumnType): string {
  if (typeof value !== 'number') return cellText(value)
  return type === 'timestamp' ? timeText(value) : numberText(value)
}

function timeText(at: number): string {
  const date = new Date(at)
  return Number.isNaN(date.getTime()) ? '–' : date.toISOString()
}

/** Six significant digits, whole numbers whole. */
function numberText(value: number): string {
  return Number.isInteger(value) && Math.abs(value) < 1e15 ? String(value) : String(Number(value.toPrecision(6)))
}
