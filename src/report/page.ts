/** A self-contained HTML page that loads nothing and runs no script. */
import { sha256Hex } from '../core/hash'
import { anything, arrayOf, checkOptions, ofType, requireOptions } from '../core/options'
import { embedJson, type Html, html } from '../plot/html'
import { styleSheet } from './style'

/** A section of a page. */
export interface Section {
  readonly title: string
  /** One or two sentences below the heading. */
  readonly text?: string | undefined
  readonly body: Html | readonly Html[]
}

/** A number at the top of the page. */
export interface Tile {
  readonly label: string
  readonly value: string
  readonly note?: string | undefined
}

/** Options of {@link htmlPage}. */
export interface PageOptions {
  readonly title: string
  /** A sentence or two below the title. */
  readonly lead?: string | undefined
  readonly tiles?: readonly Tile[] | undefined
  readonly sections: readonly Section[]
  readonly footer?: string | undefined
  /** Stored in the page as JSON in the element `report-data`, for programs. */
  readonly data?: unknown
  /** @default 'en' */
  readonly language?: string | undefined
}

/**
 * A whole HTML document as text. It carries its style, shows in light and dark, prints, opens without a network and forbids itself by a
 * content security policy to load or run anything.
 *
 * All text is escaped. A page without sections is allowed.
 *
 * @throws InvalidArgument for options that are missing or wrong
 */
export function page(options: PageOptions): string {
  return documentOf(options)
}

/** As {@link page}, with one script of our own, which may ask the server that the page came from. The policy names the script by its digest. */
export function pageWithScript(options: PageOptions, script: string): string {
  return documentOf(options, script)
}

/** The tiles and sections of a page without the document around them, to replace those of a page that is shown. */
export function pageParts({ tiles = [], sections }: Pick<PageOptions, 'tiles' | 'sections'>): {
  readonly tiles: string
  readonly main: string
} {
  return { tiles: html`${tiles.map(tileOf)}`.html, main: html`${sections.map(sectionOf)}`.html }
}

function documentOf(options: PageOptions, script?: string): string {
  requireOptions('page', options, ['title', 'sections'])
  checkOptions('page', options, {
    title: ofType('string'),
    lead: ofType('string'),
    tiles: arrayOf(ofType('object')),
    sections: arrayOf(ofType('object')),
    footer: ofType('string'),
    data: anything(),
    language: ofType('string'),
  })
  const { title, lead, tiles = [], sections, footer, data, language = 'en' } = options
  const body = html`<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${{ html: policyOf(script) }}">
<title>${title}</title>
<style>${{ html: styleSheet() }}</style>
</head>
<body>
<header>
<h1>${title}</h1>
${lead === undefined ? null : html`<p class="lead">${lead}</p>`}
${tiles.length === 0 ? null : html`<ul class="tiles">${tiles.map(tileOf)}</ul>`}
</header>
<main>
${sections.map(sectionOf)}
</main>
${footer === undefined ? null : html`<footer><p>${footer}</p></footer>`}
${data === undefined ? null : embedJson('report-data', data)}
${script === undefined ? null : html`<script>${{ html: script }}</script>`}
</body>
</html>
`
  return body.html
}

function policyOf(script: string | undefined): string {
  const base = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
  if (script === undefined) return base
  const digest = sha256Hex(script).replace(/../g, (pair) => String.fromCharCode(Number.parseInt(pair, 16)))
  return `${base}; script-src 'sha256-${btoa(digest)}'; connect-src 'self'`
}

function tileOf({ label, value, note }: Tile): Html {
  return html`<li><div class="k">${label}</div><div class="v">${value}</div>${note === undefined ? null : html`<div class="s">${note}</div>`}</li>`
}

function sectionOf({ title, text, body }: Section, index: number): Html {
  const id = `section-${index + 1}`
  return html`<section aria-labelledby="${id}">
<h2 id="${id}">${title}</h2>
${text === undefined ? null : html`<p>${text}</p>`}
${body}
</section>
`
}
