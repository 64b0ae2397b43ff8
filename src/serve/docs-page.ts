/** The page at `/docs`: describes the models and has a form for requests. It loads nothing from other servers. */
import { escapeHtml } from '../core/display'
import type { Predictor } from '../predictor/predictor'
import { type ColumnSpec, isTensorSide, type TensorSpec } from '../schema/signature'
import { exampleRow, inputColumns } from './openapi'

/** Options of the page. */
export interface DocsOptions {
  readonly title: string
  readonly basePath: string
  /** The paths of the OpenAPI document. */
  readonly paths: Readonly<Record<string, object>>
}

/** The page as HTML. Everything that comes from models is escaped. */
export function docsPage(models: ReadonlyMap<string, Predictor>, { title, basePath, paths }: DocsOptions): string {
  const sections = [...models].map(([name, predictor], index) => modelSection(name, predictor, index, basePath))
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title><style>${style}</style></head>
<body><header><h1>${escapeHtml(title)}</h1><nav>${links(basePath)}</nav></header><main>
${sections.join('\n')}
<section><h2>Every path</h2><div class="wide"><table class="paths"><tbody>
${operations(paths, basePath)}
</tbody></table></div>
<p>Errors are <code>application/problem+json</code>. A 422 lists everything wrong with every row under <code>errors</code>.</p></section>
</main><script>${script}</script></body></html>
`
}

function links(basePath: string): string {
  return ['openapi.json', 'metrics', 'readyz'].map((path) => `<a href="${escapeHtml(`${basePath}/${path}`)}">${path}</a>`).join('')
}

function modelSection(name: string, predictor: Predictor, index: number, basePath: string): string {
  const { inputs } = predictor.signature
  if (isTensorSide(inputs)) return tensorSection(name, predictor, inputs)
  const columns = inputColumns(predictor)
  const path = index === 0 ? `${basePath}/predict` : `${basePath}/models/${encodeURIComponent(name)}/predict`
  const body = JSON.stringify({ rows: [exampleRow(predictor)] }, undefined, 2)
  const classes = predictor.classes?.map((label) => `<code>${escapeHtml(label)}</code>`).join(' ') ?? ''
  return `<section><h2>${escapeHtml(name)} <small>version ${escapeHtml(predictor.version)} · ${escapeHtml(predictor.task)}</small></h2>
${classes === '' ? '' : `<p>Gives one of ${classes}</p>`}
<div class="two"><div><h3>Input, ${columns.length} columns</h3><div class="scroll"><table>
<thead><tr><th>column</th><th>type</th><th></th></tr></thead><tbody>${columns.map(columnRow).join('')}</tbody></table></div></div>
<form class="try" data-path="${escapeHtml(path)}"><h3><b>POST</b> ${escapeHtml(path)}</h3>
<textarea spellcheck="false" rows="${Math.min(18, body.split('\n').length + 1)}" aria-label="Request body">${escapeHtml(body)}</textarea>
<button>Send</button> <span class="status" role="status"></span><pre class="answer" hidden></pre></form></div></section>`
}

/** A model of tensors: rows cannot be sent to it, so there is no form. */
function tensorSection(name: string, { version, task }: Predictor, inputs: readonly TensorSpec[]): string {
  const rows = inputs.map(({ name: input, dtype, shape }) => {
    const sizes = shape.map((size) => (size === -1 ? 'any' : size)).join(' × ')
    return `<tr><td><code>${escapeHtml(input)}</code></td><td>${escapeHtml(dtype)}</td><td>${escapeHtml(sizes)}</td></tr>`
  })
  return `<section><h2>${escapeHtml(name)} <small>version ${escapeHtml(version)} · ${escapeHtml(task)}</small></h2>
<h3>Input, ${inputs.length} tensors, through the Open Inference Protocol</h3><div class="scroll"><table>
<thead><tr><th>tensor</th><th>type</th><th>shape</th></tr></thead><tbody>${rows.join('')}</tbody></table></div></section>`
}

function columnRow({ name, type, required, categories }: ColumnSpec): string {
  const notes = [required === false ? 'may be null' : 'required', ...(categories === undefined ? [] : [categories.slice(0, 8).join(', ')])]
  return `<tr><td><code>${escapeHtml(name)}</code></td><td>${escapeHtml(type)}</td><td>${escapeHtml(notes.join(' · '))}</td></tr>`
}

/** A row for each operation; one that needs neither a parameter nor a body is a link. */
function operations(paths: DocsOptions['paths'], basePath: string): string {
  const rows = Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item as Readonly<Record<string, { readonly summary?: string }>>).map(([method, { summary = '' }]) => {
      const whole = escapeHtml(`${basePath}${path}`)
      const shown = `<code>${whole}</code>`
      const link = method === 'get' && !path.includes('{') ? `<a href="${whole}">${shown}</a>` : shown
      return `<tr><td><b>${method.toUpperCase()}</b></td><td>${link}</td><td>${escapeHtml(summary)}</td></tr>`
    }),
  )
  return rows.join('\n')
}

const style = `:root{color-scheme:light dark;--ink:#1d2430;--soft:#5d6879;--line:#dde3ea;--page:#f6f8fa;--card:#fff;--accent:#0b6e99;--bad:#b3261e;--good:#1f7a3d}
@media(prefers-color-scheme:dark){:root{--ink:#e6ebf2;--soft:#9aa7b8;--line:#2c3644;--page:#10151c;--card:#18202a;--accent:#5cb8e4;--bad:#ff8a80;--good:#7fd99a}}
*{box-sizing:border-box}body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
header{padding:1.6rem 1.2rem .4rem;max-width:70rem;margin:auto;display:flex;flex-wrap:wrap;gap:.4rem 1.5rem;align-items:baseline}
main{max-width:70rem;margin:auto;padding:0 1.2rem 3rem}h1{font-size:1.5rem;margin:0}nav a{margin-right:1rem}a{color:var(--accent)}
section{background:var(--card);border:1px solid var(--line);border-radius:.7rem;padding:1rem 1.3rem 1.2rem;margin-top:1.2rem}
h2{font-size:1.2rem;margin:.2rem 0 .6rem}h2 small,h3{color:var(--soft);font-weight:500;font-size:.9rem}h3{margin:.4rem 0;overflow-wrap:anywhere}h3 b,td b{color:var(--accent)}
.two{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,24rem),1fr));gap:1.5rem}.scroll{overflow:auto;max-height:max(28rem,90vh)}.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.3rem .8rem .3rem 0;border-top:1px solid var(--line);vertical-align:top}th{border:0;color:var(--soft);font-weight:500}
code,pre,textarea{font:13px/1.45 ui-monospace,monospace}textarea,pre{width:100%;padding:.7rem;border:1px solid var(--line);border-radius:.5rem;background:var(--page);color:inherit;overflow:auto}
pre{max-height:24rem;margin:.7rem 0 0;white-space:pre-wrap}button{margin-top:.5rem;padding:.45rem 1.3rem;border:0;border-radius:.5rem;background:var(--accent);color:var(--card);font:inherit;font-weight:600;cursor:pointer}
@media(max-width:40rem){.paths tr{display:grid;grid-template-columns:4.2rem 1fr;border-top:1px solid var(--line);padding:.3rem 0}.paths td{border:0;padding:0;overflow-wrap:anywhere}.paths td:last-child{grid-column:2;color:var(--soft)}}
.status{margin-left:.6rem;color:var(--soft)}.good{color:var(--good)}.bad{color:var(--bad)}`

const script = `for (const form of document.querySelectorAll('form.try')) form.addEventListener('submit', async (event) => {
  event.preventDefault()
  const status = form.querySelector('.status'), answer = form.querySelector('.answer'), start = performance.now()
  status.className = 'status'; status.textContent = '…'
  try {
    const response = await fetch(form.dataset.path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: form.querySelector('textarea').value })
    const text = await response.text()
    status.textContent = response.status + ' in ' + (performance.now() - start).toFixed(1) + ' ms'
    status.classList.add(response.ok ? 'good' : 'bad')
    try { answer.textContent = JSON.stringify(JSON.parse(text), null, 2) } catch { answer.textContent = text }
  } catch (error) { status.textContent = 'no answer'; status.classList.add('bad'); answer.textContent = String(error) }
  answer.hidden = false
})`
