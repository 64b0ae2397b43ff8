/** What changed between two versions of a dataset, as one page. */
import { invalidArgument, show } from '../core/errors'
import { checkOptions, ofType } from '../core/options'
import type { ColumnDiff, ColumnProfile, DatasetDiff, FileDiff, RowDiff } from '../dataset'
import { cellText, diffSummary, keyText, schemaRows, statisticsOf } from '../dataset/versions/diff-text'
import { formatNumber, formatPercent, formatTime } from '../plot/format'
import { type Html, type HtmlPart, html } from '../plot/html'
import type { CellValue } from '../schema/column'
import { page, type Section, type Tile } from './page'
import { dataTable } from './table'

/** Options of {@link datasetDiffHtml}. */
export interface DatasetDiffHtmlOptions {
  /** @default 'flights: version 1 → version 2' */
  readonly title?: string | undefined
}

/**
 * A diff of two versions as one HTML file that needs no network: counts, schema, statistics of the columns that differ before and after, the
 * first rows that changed, came or went, files. Everything is escaped; light and dark; the diff is in the page as JSON too.
 *
 * @example
 * await writeFile('diff.html', datasetDiffHtml(await store.diff('flights@1', 'flights@2', { key: 'id' })))
 * @throws InvalidArgument for what is no diff
 */
export function datasetDiffHtml(diff: DatasetDiff, options: DatasetDiffHtmlOptions = {}): string {
  if (typeof diff?.before?.reference !== 'string' || typeof diff.after?.reference !== 'string') {
    throw invalidArgument(`datasetDiffHtml takes the diff of two versions, got ${show(diff)}`, { hint: 'await store.diff(before, after)' })
  }
  checkOptions('datasetDiffHtml', options, { title: ofType('string') })
  const { before, after, rows, files, columns } = diff
  const isOne = before.name === after.name
  const title = isOne ? `${before.name}: version ${before.version} → version ${after.version}` : `${before.reference} → ${after.reference}`
  const sections: readonly (Section | undefined)[] = [
    versionsSection(diff),
    schemaSection(diff),
    columnsSection(columns, rows),
    changedRowsSection(rows),
    rowsSection('Rows added', rows?.addedRows, { key: rows?.key ?? [], all: rows?.added }),
    rowsSection('Rows removed', rows?.removedRows, { key: rows?.key ?? [], all: rows?.removed }),
    filesSection(files),
  ]
  return page({
    title: options.title ?? title,
    lead: diff.isSame ? 'The two versions have the same content.' : `${sentence(diffSummary(diff))}.`,
    tiles: tilesOf(diff),
    sections: sections.filter((section) => section !== undefined),
    data: diff,
  })
}

function sentence(summary: string): string {
  const text = summary.slice(summary.indexOf(': ') + 2)
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`
}

function tilesOf({ rows, files, columns }: DatasetDiff): readonly Tile[] {
  const tiles: Tile[] = []
  const count = (label: string, value: number | undefined, note?: string): void => {
    if (value !== undefined) tiles.push({ label, value: formatNumber(value), note })
  }
  if (rows !== undefined) {
    tiles.push({
      label: 'Rows',
      value: formatNumber(rows.after),
      note: `${formatNumber(rows.before)} before${signed(rows.after - rows.before)}`,
    })
    count('Rows added', rows.added)
    count('Rows removed', rows.removed)
    count('Rows changed', rows.changed, rows.unchanged === undefined ? undefined : `${formatNumber(rows.unchanged)} unchanged`)
    count('Columns that differ', columns.filter(({ isSame }) => !isSame).length, `of ${columns.length}`)
  }
  if (files !== undefined) {
    count('Files added', files.added.length)
    count('Files removed', files.removed.length)
    count('Files changed', files.changed.length, `${formatNumber(files.unchanged)} unchanged`)
  }
  return tiles
}

function signed(difference: number): string {
  return difference === 0 ? '' : ` (${difference > 0 ? '+' : ''}${formatNumber(difference)})`
}

function versionsSection({ before, after }: DatasetDiff): Section {
  return {
    title: 'Versions',
    body: dataTable({
      columns: [
        { title: 'Version', cell: ({ reference, tags }) => html`${reference}${tags.map((tag) => html` <span class="tag">${tag}</span>`)}` },
        { title: 'Made', cell: ({ createdAt }) => html`<span class="nowrap">${formatTime(createdAt)}</span>` },
        { title: 'Message', cell: ({ message }) => message || '–' },
        { title: 'Run', cell: ({ runId }) => (runId === undefined ? '–' : html`<span class="mono">${runId}</span>`) },
        { title: 'Digest', cell: ({ digest }) => html`<span class="mono">${digest.slice(0, 12)}</span>` },
      ],
      rows: [before, after],
    }),
  }
}

function schemaSection({ schema }: DatasetDiff): Section | undefined {
  const rows = schema === undefined ? [] : schemaRows(schema)
  if (rows.length === 0) return undefined
  const column = (title: string, i: number) => ({ title, cell: (row: readonly string[]) => row[i] || '–' })
  return {
    title: 'Schema',
    body: dataTable({
      columns: [column('Column', 0), { title: 'Change', cell: (row) => changeTag(row[1] ?? '') }, column('Before', 2), column('After', 3)],
      rows,
    }),
  }
}

function changeTag(change: string): Html {
  return html`<span class="tag ${change === 'added' ? 'good' : change === 'removed' ? 'bad' : ''}">${change}</span>`
}

/** A value before and after; once where it is the same. */
function pair(before: string | undefined, after: string | undefined): HtmlPart {
  if (before === after) return before ?? '–'
  return html`<span class="note">${before ?? '–'}</span><br><b>${after ?? '–'}</b>`
}

/** Statistics as the page shows them: the first and last text in the alphabet say little, and take much room. */
function figuresOf(column: ColumnProfile | undefined): Readonly<Record<string, string>> {
  const { min, max, ...rest } = statisticsOf(column)
  const isText = column?.type === 'string' || column?.type === 'boolean'
  return isText || min === undefined || max === undefined ? rest : { ...rest, min, max }
}

function columnsSection(columns: readonly ColumnDiff[], rows: RowDiff | undefined): Section | undefined {
  const differing = columns.filter(({ isSame, changedCells }) => !isSame || (changedCells ?? 0) > 0)
  if (differing.length === 0) return undefined
  const statistics = ['missing', 'distinct', 'mean', 'sd', 'min', 'median', 'max', 'most frequent'] as const
  const shown = differing.map((column) => ({ ...column, old: figuresOf(column.before), now: figuresOf(column.after) }))
  const used = statistics.filter((name) => shown.some(({ old, now }) => old[name] !== undefined || now[name] !== undefined))
  const matched = rows?.unchanged === undefined ? undefined : rows.unchanged + (rows.changed ?? 0)
  const share = (count: number): string => (matched && count > 0 ? ` (${formatPercent(count / matched)})` : '')
  return {
    title: 'Columns that differ',
    text: 'Where a statistic differs: above before, below after.',
    body: dataTable({
      columns: [
        { title: 'Column', cell: ({ name, before, after }) => html`${name}<br><span class="note">${(after ?? before)?.type ?? ''}</span>` },
        ...(matched === undefined
          ? []
          : [
              {
                title: 'Cells changed',
                numeric: true,
                cell: ({ changedCells }: ColumnDiff) =>
                  changedCells === undefined ? '–' : `${formatNumber(changedCells)}${share(changedCells)}`,
              },
            ]),
        ...used.map((name) => ({
          title: name === 'sd' ? 'SD' : `${name.charAt(0).toUpperCase()}${name.slice(1)}`,
          numeric: name !== 'most frequent',
          cell: ({ old, now }: (typeof shown)[number]) => pair(old[name], now[name]),
        })),
      ],
      rows: shown,
    }),
  }
}

function changedRowsSection(rows: RowDiff | undefined): Section | undefined {
  if (rows === undefined || rows.changedRows.length === 0) return undefined
  const lines = rows.changedRows.flatMap(({ key, cells }) => cells.map((cell, i) => ({ key: i === 0 ? keyText(key) : '', ...cell })))
  return {
    title: 'Rows changed',
    text: shownOf(rows.changedRows.length, rows.changed),
    body: dataTable({
      columns: [
        { title: 'Row', cell: ({ key }) => key },
        { title: 'Column', cell: ({ column }) => column },
        { title: 'Before', cell: ({ before }) => html`<span class="bad">${cellText(before)}</span>` },
        { title: 'After', cell: ({ after }) => html`<span class="good">${cellText(after)}</span>` },
      ],
      rows: lines,
    }),
  }
}

function shownOf(shown: number, all: number | undefined): string | undefined {
  return all === undefined || all === shown ? undefined : `The first ${formatNumber(shown)} of ${formatNumber(all)}.`
}

function rowsSection(
  title: string,
  rows: readonly Readonly<Record<string, CellValue>>[] | undefined,
  { key, all }: { readonly key: readonly string[]; readonly all: number | undefined },
): Section | undefined {
  if (rows === undefined || rows.length === 0) return undefined
  return {
    title,
    text: shownOf(rows.length, all),
    body: dataTable({
      columns: [...new Set([...key, ...Object.keys(rows[0] ?? {})])].map((name, i) => ({
        title: name,
        numeric: i > 0 && rows.some((row) => typeof row[name] === 'number'),
        cell: (row: Readonly<Record<string, CellValue>>) => cellText(row[name] ?? null),
      })),
      rows,
    }),
  }
}

function filesSection(files: FileDiff | undefined): Section | undefined {
  if (files === undefined) return undefined
  const rows = [
    ...files.added.map(({ path, sizeBytes }) => ({ path, change: 'added', before: undefined, after: sizeBytes })),
    ...files.removed.map(({ path, sizeBytes }) => ({ path, change: 'removed', before: sizeBytes, after: undefined })),
    ...files.changed.map(({ path, before, after }) => ({ path, change: 'changed', before: before.sizeBytes, after: after.sizeBytes })),
  ]
  return {
    title: 'Files',
    body: dataTable({
      columns: [
        { title: 'File', cell: ({ path }) => path },
        { title: 'Change', cell: ({ change }) => changeTag(change) },
        { title: 'Bytes before', numeric: true, cell: ({ before }) => formatNumber(before) },
        { title: 'Bytes after', numeric: true, cell: ({ after }) => formatNumber(after) },
      ],
      rows,
      empty: 'the files are the same',
    }),
  }
}
