/**
 * Real streams beside river and Evidently: the air of Beijing and the electricity market of New South Wales, where their files are. Detectors watch the errors of a model that was
 * fitted on the beginning, and one number; drift reports compare each month with the beginning. All alarms and verdicts must be theirs.
 */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { parseCsv } from '../../../src/adapters/csv/csv'
import { type Dataset, filter, select, withColumn } from '../../../src/dataset'
import { adwin, DriftDetector, ddm, eddm, fhddm, hddmA, hddmW, pageHinkley } from '../../../src/drift'
import { chain, logisticRegression, oneHotEncoder, standardScaler } from '../../../src/learn'
import type { Row } from '../../../src/schema/table'
import { dataFolder } from '../support/shared-data'
import { python } from './_python'

const files = join(dataFolder, 'stream')
const detectors = { adwin, pageHinkley, ddm, eddm, hddmA, hddmW, fhddm }

interface Story {
  readonly title: string
  readonly numbers: readonly string[]
  readonly words: readonly string[]
  readonly target: string
  readonly all: Dataset
  /** Rows that the model and the reference are made of. */
  readonly beginning: number
  /** The number that `adwin` and `pageHinkley` watch. */
  readonly watched: string
  readonly dayOf: (index: number) => string
}

function beijing(): Story {
  const raw = parseCsv(gunzipSync(readFileSync(join(files, 'beijing_pm25.csv.gz'))), { naValues: ['NA'] })
  const named = withColumn(raw, 'over', (row: Row) => (row['pm2.5'] === null ? null : Number(row['pm2.5']) > 75 ? 'over' : 'under'), {
    type: 'string',
  })
  const known = filter(named as never, (row: Row) => row.over !== null && Number(row.year) < 2012) as unknown as Dataset
  const days = (known as unknown as { toRecords(): Row[] }).toRecords()
  const dayOf = (i: number): string => [days[i]?.year, days[i]?.month, days[i]?.day].map((part) => String(part).padStart(2, '0')).join('-')
  const numbers = ['hour', 'DEWP', 'TEMP', 'PRES', 'Iws', 'Is', 'Ir']
  const beginning = days.findIndex(({ month }) => month === 4)
  return { title: "Beijing's air", numbers, words: ['cbwd'], target: 'over', all: known, beginning, watched: 'TEMP', dayOf }
}

function electricity(): Story {
  const raw = parseCsv(gunzipSync(readFileSync(join(files, 'elec2.csv.gz'))))
  const all = withColumn(raw, 'class', (row: Row) => (Number(row.class) === 1 ? 'up' : 'down'), { type: 'string' }) as unknown as Dataset
  const numbers = all.columnNames.filter((name) => name !== 'class')
  const start = Date.UTC(1996, 4, 7)
  const dayOf = (i: number): string => new Date(start + i * 1_800_000).toISOString().slice(0, 10)
  return { title: 'Electricity', numbers, words: [], target: 'class', all, beginning: 5376, watched: 'nswprice', dayOf }
}

/** 1 where the model is wrong, over the rows after the beginning. */
function errorsOf({ all, beginning, numbers, words, target }: Story): number[] {
  const columns = [...numbers, ...words, target]
  const part = (keep: (index: number) => boolean): Dataset =>
    select(filter(all as never, (_: Row, i: number) => keep(i)) as never, columns as never) as unknown as Dataset
  const encoder = words.length > 0 ? [oneHotEncoder()] : []
  const model = chain([standardScaler({ columns: numbers } as never), ...encoder, logisticRegression()]).fit(
    part((i) => i < beginning) as never,
    { target: target as never },
  )
  const rest = part((i) => i >= beginning)
  const predicted = (model as unknown as { predict(table: Dataset): readonly unknown[] }).predict(rest)
  return Array.from(rest.column(target).toArray() as ArrayLike<unknown>, (value, i) => Number(predicted[i] !== value))
}

/** The alarms of all detectors on the errors of each model, and on one number. */
function compareStreams(stories: readonly Story[]): void {
  const streams: Record<string, readonly number[]> = {}
  for (const [i, story] of stories.entries()) {
    streams[`bits ${i}`] = errorsOf(story)
    streams[`reals ${i}`] = Array.from(story.all.column(story.watched).toArray() as ArrayLike<number>)
  }
  for (const [key, expected] of Object.entries(python<Readonly<Record<string, readonly number[]>>>('alarms.py', streams))) {
    const [kind = '', values = '', index] = key.split(' ')
    const { title, beginning, watched, dayOf } = stories[Number(index)] as Story
    const detector = detectors[kind as keyof typeof detectors]()
    const own = (streams[`${values} ${index}`] ?? []).flatMap((value, i) => (detector.update(value).driftDetected ? [i] : []))
    assert.deepEqual(own, expected, `${title}: ${key}`)
    const days = own.slice(0, 4).map((i) => dayOf(i + (values === 'bits' ? beginning : 0)))
    const what = values === 'bits' ? 'errors' : watched
    console.info(`${title}: ${kind} of ${what}: ${own.length} alarms, as river (${days.join(', ')}${own.length > 4 ? ', …' : ''})`)
  }
}

interface Preset {
  readonly preset: Readonly<Record<string, { readonly threshold: number; readonly score: number }>>
  readonly share: number
}

/** Every sixth month after the beginning against the beginning. */
function monthsOf({ all, beginning, numbers, words, dayOf }: Story) {
  const columns = [...numbers, ...words]
  const months = Array.from({ length: all.numRows }, (_, i) => dayOf(i).slice(0, 7))
  const later = [...new Set(months.slice(beginning))].filter((_, i) => i % 6 === 1)
  const of = (keep: (index: number) => boolean): Dataset =>
    select(filter(all as never, (_: Row, i: number) => keep(i)) as never, columns as never) as unknown as Dataset
  const cells = (table: Dataset): Record<string, unknown[]> =>
    Object.fromEntries(columns.map((name) => [name, Array.from(table.column(name).toArray() as ArrayLike<unknown>)]))
  const reference = of((i) => i < beginning)
  const currents = later.map((month) => ({ month, table: of((i) => i >= beginning && months[i] === month) }))
  const kinds = { numeric: numbers, categorical: words }
  const cases = currents.map(({ table }) => ({ ...kinds, defaultsOnly: true, reference: cells(reference), current: cells(table) }))
  return { kinds, reference, currents, cases }
}

/** The verdicts of each column and month. */
function compareMonths(stories: readonly Story[]): void {
  const all = stories.map((story) => ({ story, ...monthsOf(story) }))
  const found = python<Preset[]>(
    'compare.py',
    all.flatMap(({ cases }) => cases),
  )
  for (const { story, kinds, reference, currents } of all) {
    const detector = new DriftDetector({ method: 'evidently', minRows: 1 }).fit(reference, kinds)
    const drifted = currents.flatMap(({ month, table }) => {
      const { title } = story
      const report = detector.detect(table)
      const { preset, share } = found.shift() as Preset
      for (const { column, pValue, score, driftDetected } of report.columns) {
        const theirs = preset[column]
        assert.ok(theirs, `${column} in Evidently's preset`)
        const verdict = pValue === null ? theirs.score >= theirs.threshold : theirs.score < theirs.threshold
        assert.equal(driftDetected, verdict, `${title}, ${month}, ${column}: ${pValue ?? score}, Evidently ${theirs.score}`)
      }
      assert.equal(report.driftShare, share, `${title}, ${month}: the share of drifted columns`)
      return report.driftDetected ? [`${month} (${Math.round(share * 100)} % of the columns)`] : []
    })
    console.info(`${story.title}: ${drifted.length} of ${currents.length} months drifted, as Evidently: ${drifted.join(', ')}`)
  }
}

if (existsSync(files)) {
  const stories = [beijing(), electricity()]
  compareStreams(stories)
  compareMonths(stories)
} else console.info('left out: real streams, because their files are not here (MILLWRIGHT_DATA)')
