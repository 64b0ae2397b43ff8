/** Data docs: a page for every run of a checkpoint, and a list of the runs. */
import * as z from 'zod/mini'
import { utf8 } from '../core/bytes'
import { isMillwrightError } from '../core/errors'
import { checkOptions, nonEmptyString, requireOptions } from '../core/options'
import { parseStored, storedFormat } from '../core/stored'
import { formatTime } from '../plot/format'
import { type Html, html } from '../plot/html'
import type { ObjectStore } from '../ports/object-store'
import type { ActionOptions, CheckpointAction, CheckpointResult } from '../quality'
import { putNew, storageRules, whenRule } from '../quality/checkpoint-actions'
import { page } from './page'
import { dataTable } from './table'
import { validationReport } from './validation-report'

/** Where data docs are written. */
export interface DataDocsOptions extends ActionOptions {
  readonly storage: ObjectStore
  /** Ends in `/`. @default 'data-docs/' */
  readonly prefix?: string | undefined
  /** The title of the list. @default 'Data quality' */
  readonly title?: string | undefined
  /** What is judged, in words, for the pages. */
  readonly data?: string | undefined
}

/** One result in the list. */
type Entry = ReturnType<typeof entryOf>

/** An entry as it is stored beside its page. Its place follows from the key, so a copied folder stays whole. */
const entryFormat = /* @__PURE__ */ storedFormat(() => z.looseObject(entryFields()))

/** The entries of the list that was written last, by key: they need not be read again. */
const cacheFormat = /* @__PURE__ */ storedFormat(() => z.record(z.string(), z.looseObject(entryFields())))

function entryFields() {
  const text = z.string()
  return { href: text, suite: text, checkpoint: text, runTime: z.number(), success: z.boolean(), met: z.number(), all: z.number() }
}

/**
 * An action that writes a page for each suite of a run, `<prefix><checkpoint>/<run>/<number>-<suite>.html`, with an entry for the list
 * (`.entry.json`), and the list of all runs, `<prefix>index.html`. Open the list in a browser, or serve the folder.
 *
 * The list is made from the entries that are in the storage, so that it heals itself after a crash; where the storage has conditional writes,
 * two checkpoints that write at once both find their way into it. Each run lists the keys and reads the entries that `<prefix>entries.json`
 * does not know yet: as a rule its own.
 */
export function dataDocsAction(options: DataDocsOptions): CheckpointAction {
  requireOptions('dataDocsAction', options, ['storage'])
  checkOptions('dataDocsAction', options, { ...storageRules(), ...whenRule(), title: nonEmptyString(), data: nonEmptyString() })
  const { storage, prefix = 'data-docs/', when, data, title = 'Data quality' } = options
  return {
    name: 'dataDocs',
    when,
    run: async (result, { signal }) => {
      for (const [i, validation] of result.results.entries()) {
        const entry = entryOf(result, i)
        const text = validationReport(validation, { title: `Data quality: ${validation.suite_name}`, data, index: '../../index.html' })
        await putNew(storage, `${prefix}${entry.href}`, text, signal)
        // The entry is written after its page, so that the list never leads nowhere.
        await putNew(storage, `${prefix}${entry.href.replace(/html$/, 'entry.json')}`, JSON.stringify(entry), signal)
      }
      await writeIndex(storage, { prefix, title, signal })
      return storage.uri(`${prefix}index.html`)
    },
  }
}

function entryOf({ checkpoint, runId, runTime, results }: CheckpointResult, index: number) {
  const validation = results[index] as CheckpointResult['results'][number]
  const suite = validation.suite_name
  const { evaluated_expectations: all, successful_expectations: met } = validation.statistics
  const href = `${checkpoint}/${runId}/${index + 1}-${suite.replace(/[^\w.-]+/g, '_') || 'suite'}.html`
  return { href, suite, checkpoint, runTime, success: validation.success, met, all }
}

interface IndexOptions {
  readonly prefix: string
  readonly title: string
  readonly signal: AbortSignal | undefined
}

/** Writes the list; again, when another one was written meanwhile. */
async function writeIndex(storage: ObjectStore, options: IndexOptions): Promise<void> {
  const { prefix, signal } = options
  const key = `${prefix}index.html`
  for (let attempt = 1; ; attempt++) {
    const before = await storage.head(key, { signal })
    const entries = await entriesOf(storage, options)
    const text = indexPage([...entries.values()], options.title)
    const condition = !storage.capabilities.conditionalPut ? {} : before === undefined ? { ifAbsent: true } : { ifMatch: before.etag }
    try {
      await storage.put(key, utf8(text), { signal, ...condition })
      await storage.put(`${prefix}entries.json`, utf8(JSON.stringify(Object.fromEntries(entries))), { signal })
      return
    } catch (error) {
      if (!isMillwrightError(error, 'Conflict') || attempt === 10) throw error
    }
  }
}

/** All entries by key, those that are not known from the last list read from the storage. */
async function entriesOf(storage: ObjectStore, { prefix, signal }: IndexOptions): Promise<Map<string, Entry>> {
  const known = await knownEntries(storage, `${prefix}entries.json`, signal)
  const entries = new Map<string, Entry>()
  let cursor: string | undefined
  do {
    const listing = await storage.list({ prefix, cursor, signal })
    for (const { key } of listing.objects) {
      if (!key.endsWith('.entry.json')) continue
      const place = key.slice(prefix.length)
      entries.set(place, known[place] ?? parseStored(entryFormat, await storage.get(key, { signal }), key))
    }
    cursor = listing.cursor
  } while (cursor !== undefined)
  return entries
}

/** What the last list held; nothing when it is not there, or damaged: it is only a copy. */
async function knownEntries(
  storage: ObjectStore,
  key: string,
  signal: AbortSignal | undefined,
): Promise<Readonly<Record<string, Entry | undefined>>> {
  try {
    return parseStored(cacheFormat, await storage.get(key, { signal }), key)
  } catch (error) {
    if (isMillwrightError(error, 'NotFound') || isMillwrightError(error, 'Corrupt')) return {}
    throw error
  }
}

function indexPage(all: readonly Entry[], title: string): string {
  const entries = [...all].sort((a, b) => b.runTime - a.runTime || (a.href < b.href ? -1 : 1))
  const failed = entries.filter(({ success }) => !success).length
  // Results of one run have the same time, so a screen reader says the suite, too.
  const link = ({ href, runTime, suite }: Entry): Html =>
    html`<a href="${href}" aria-label="${formatTime(runTime)}, ${suite}">${formatTime(runTime)}</a>`
  return page({
    title,
    lead: `${entries.length} results, ${failed} of them with expectations that were not met. Times are UTC.`,
    sections: [
      {
        title: 'Runs, the newest first',
        body: dataTable({
          rows: entries,
          columns: [
            { title: 'Run', cell: link },
            {
              title: 'Outcome',
              cell: ({ success }) => html`<span class="tag ${success ? 'good' : 'bad'}">${success ? '✓ passed' : '✗ failed'}</span>`,
            },
            { title: 'Suite', cell: ({ suite }) => suite },
            { title: 'Checkpoint', cell: ({ checkpoint }) => checkpoint },
            { title: 'Met', numeric: true, cell: ({ met, all }) => `${met} of ${all}` },
          ],
        }),
      },
    ],
  })
}
