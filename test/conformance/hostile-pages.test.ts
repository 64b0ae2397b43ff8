/** Hostile names in what we write for eyes and other programs: pages, charts, metrics text, YAML, JSON. None of it becomes markup or syntax. */
import { describe, expect, it } from 'vitest'
import { memoryStorage } from '../../src/adapters/memory/memory-storage'
import { memoryTracker } from '../../src/adapters/memory/memory-tracker'
import { fromUtf8 } from '../../src/core/bytes'
import { parseYaml, parseYamlStrings } from '../../src/core/yaml-read'
import { toYaml } from '../../src/core/yaml-write'
import { modelMeta, parseModelMeta } from '../../src/mlruns/model-meta'
import { parallelCoordinates } from '../../src/plot/parallel-coordinates'
import { ModelRegistry } from '../../src/registry'
import { compareRunsHtml, dataTable, html, lifecycleReport, lineChart, page } from '../../src/report'
import { createBareTracker as createTracker } from '../../src/run'
import { createHandler } from '../../src/serve'
import { modelPackage } from '../../src/testing/registry-check'
import { hostileSample } from '../support/effort'
import { feelsPredictor, get } from '../unit/serve/helpers'

const all = hostileSample(102)
const names = all.filter((name) => name.length < 300 && name.isWellFormed())

/** Elements and attributes that our pages are made of. */
const elements =
  /^(html|head|meta|title|style|body|header|main|footer|section|nav|h[1-4]|p|div|span|ul|li|b|i|small|code|pre|table|caption|thead|tbody|tr|th|td|svg|g|path|line|rect|circle|text|tspan|desc|polyline|defs|clipPath|a|form|textarea|button|details|summary|br|figure|figcaption|script)$/
const attributes = /^(?!on)[a-z][a-zA-Z0-9:-]*$/

/**
 * Reads a page as strictly as can be: every `<` begins an element that we write, every attribute stands in double quotes.
 *
 * @returns the text between the elements, and the content of every script
 */
function readPage(text: string): { readonly words: string; readonly scripts: readonly string[]; readonly values: readonly string[] } {
  const scripts: string[] = []
  const values: string[] = []
  let words = ''
  const tag = /<(\/?)([a-zA-Z][a-zA-Z0-9]*)((?:\s+[^\s"'<>=/]+(?:="[^"]*")?)*)\s*\/?>/y
  for (let at = text.startsWith('<!doctype html>') ? 15 : 0; at < text.length; ) {
    if (text[at] !== '<') {
      const end = text.indexOf('<', at)
      words += text.slice(at, end < 0 ? text.length : end)
      at = end < 0 ? text.length : end
      continue
    }
    tag.lastIndex = at
    const [whole, slash, name = '', list = ''] = tag.exec(text) ?? []
    const isOurs = whole !== undefined && elements.test(name)
    if (!isOurs) expect.fail(`this is no element of ours: ${JSON.stringify(text.slice(at, at + 80))}`)
    for (const [, key = '', value = ''] of list.matchAll(/\s+([^\s"'<>=/]+)(?:="([^"]*)")?/g)) {
      const isHarmless = attributes.test(key) && (key !== 'href' || /^[/#]/.test(value))
      if (!isHarmless) expect.fail(`this is no attribute of ours: ${JSON.stringify(whole)}`)
      values.push(value)
    }
    at += (whole as string).length
    if (slash !== '' || (name !== 'script' && name !== 'style')) continue
    const end = text.indexOf(`</${name}`, at)
    if (name === 'script') scripts.push(text.slice(at, end))
    at = end
  }
  return { words: unescaped(words), scripts, values: values.map(unescaped) }
}

function unescaped(text: string): string {
  return text.replace(/&(?:#(\d+)|(amp|lt|gt|quot));/g, (_, code: string | undefined, word: string) =>
    code === undefined ? ({ amp: '&', lt: '<', gt: '>', quot: '"' }[word] as string) : String.fromCodePoint(Number(code)),
  )
}

/** A name as pages show it: a character that XML forbids is replaced by a visible one, since an SVG file with it would not open. */
function shown(name: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  return name.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd')
}

describe('pages', () => {
  it('compare runs of hostile names, params and tags without becoming markup', async () => {
    const backend = memoryTracker()
    const tracker = createTracker({ backend })
    const ids: string[] = []
    for (let at = 0; at < names.length; at += 40) {
      const some = names.slice(at, at + 40).filter((name) => name.length <= 250 && name !== '')
      const { experimentId } = await backend.ensureExperiment('pages')
      const { runId } = await backend.createRun({ experimentId, runName: some[0], startTime: 1 })
      await backend.logBatch(runId, { params: Object.fromEntries(some.map((value, i) => [`p${i}`, value])) })
      for (const key of some) {
        const logged = async (): Promise<void> =>
          backend.logBatch(runId, { metrics: [{ key, value: at, step: 0, timestamp: 1 }], params: { [key]: 'x' } })
        await logged().catch(() => {})
      }
      ids.push(runId)
    }
    const text = await compareRunsHtml(tracker, ids, { title: '</title><script>alert(1)</script>' })
    const { words, scripts } = readPage(text)
    for (const run of await Promise.all(ids.map((runId) => backend.getRun(runId)))) {
      for (const value of Object.values(run.params)) if (value.trim() !== '' && value.length < 60) expect(words).toContain(shown(value))
    }
    expect(scripts).toHaveLength(1)
    expect(JSON.parse(scripts[0] as string)).toEqual(JSON.parse(JSON.stringify(await tracker.compareRuns(ids))))
  })

  it.each([0, 1, 2, 3])('keep every name as text in every place (part %i)', (part) => {
    for (const name of names.filter((_, i) => i % 4 === part)) expectText(name)
  })

  function expectText(name: string): void {
    const point = { x: 1, y: 0.5 }
    const report = lifecycleReport({
      ...{ title: name, lead: name, createdAt: 1, footer: name, tiles: [{ label: name, value: name, note: name }] },
      performance: { metric: name, text: name, retrained: [point, { x: 2, y: 1 }], championOnly: [point, { x: 2, y: 0.2 }] },
      periods: [{ title: name, championOnly: 0.1, retrained: 0.2 }],
      events: [{ at: 1, kind: 'drift', text: name }],
      drift: { columns: [name], periods: [name], scores: [[0.5]], threshold: 0.2, text: name },
      versions: [{ version: name, aliases: [name], createdAt: 1, metrics: Object.fromEntries([[name, 1]]), data: name, runId: name }],
      history: [{ at: 1, text: name }],
      expectations: [{ name, success: true, observed: name }],
    })
    const parts = page({
      title: name,
      language: name,
      data: { [`k${name}`]: name },
      sections: [
        { title: name, text: name, body: html`<p class="${name}">${name}</p>` },
        { title: name, body: dataTable({ rows: [name], caption: name, columns: [{ title: name, cell: (row) => row }] }) },
        { title: name, body: lineChart({ description: name, series: [{ name, colour: 'a', points: [point, { x: 2, y: 1 }] }] }) },
        {
          title: name,
          body: parallelCoordinates({
            description: name,
            lines: [{ name, colour: 'a' }],
            axes: [
              { name, values: [name] },
              { name, values: [1] },
            ],
          }),
        },
      ],
    })
    for (const text of [report, parts]) {
      const { words, scripts } = readPage(text)
      expect(words).toContain(shown(name))
      for (const script of scripts) JSON.parse(script)
    }
    expect(readPage(parts).values).toContain(shown(name))
  }

  it('serve models of hostile names: documentation, OpenAPI, metrics', async () => {
    const registry = new ModelRegistry({ storage: memoryStorage() })
    const served: string[] = []
    for (const name of names) {
      const isTaken = await registry.register(name, modelPackage('x')).then(
        () => true,
        () => false,
      )
      if (isTaken) served.push(name)
    }
    const handler = createHandler({ models: Object.fromEntries(served.map((name) => [name, feelsPredictor({ name, version: '1' })])) })
    const { words, scripts } = readPage(await (await handler(get('/docs'))).text())
    for (const name of served) expect(words).toContain(shown(name))
    expect(scripts).toHaveLength(1)
    JSON.parse(await (await handler(get('/openapi.json'))).text())
    const lines = (await (await handler(get('/metrics'))).text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'))
    const labelled = new Set<string>()
    for (const line of lines) {
      expect(line).toMatch(/^[a-z_]+(\{([a-z_]+="(\\[\\n"]|[^"\\\n\r])*",?)*\})? \S+$/)
      const [, model] = /[{,]model="((?:\\[\\n"]|[^"\\])*)"/.exec(line) ?? []
      if (model !== undefined) labelled.add(model.replace(/\\([\\"])/g, '$1'))
    }
    expect([...labelled].sort()).toEqual([...served].sort())
  })
})

describe('YAML', () => {
  it('keeps every name as a text, as a key and in a list', () => {
    for (const name of all.filter((text) => text.isWellFormed())) {
      const isKey = name.length <= 1000 && name !== '__proto__'
      const value = { name, list: [name, { name }], ...(isKey ? { keys: { [name]: name } } : {}) }
      expect(parseYaml(toYaml(value), 'test')).toEqual(value)
      expect(parseYamlStrings(toYaml({ name }), 'test')).toEqual({ name })
    }
  })

  it('keeps every description in the records of a registry', async () => {
    for (const description of all.filter((text) => text.isWellFormed() && text !== '')) {
      const meta = await parseModelMeta(modelMeta('m', { createdAt: 1, updatedAt: 2, description }), 'meta.yaml')
      expect(meta.description).toBe(description)
      expect(fromUtf8(modelMeta('m', { createdAt: 1, updatedAt: 2, description })).split('\n')).toHaveLength(9)
    }
  })
})
