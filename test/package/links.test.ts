/** The links of README.md and of every page lead to files and headings that are there, and that the package ships with them. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, expect, it } from 'vitest'
import { root } from './source-graph'

const shipped = (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { readonly files: readonly string[] }).files
const pages = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CODE_OF_CONDUCT.md', ...pagesIn('docs')]

function pagesIn(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name))
}

/** A heading's anchor, as GitHub makes it. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{Letter}\p{Number}\s_-]/gu, '')
    .trim()
    .replace(/\s/g, '-')
}

/** Links and headings, without what stands in code. */
function read(page: string): { readonly links: readonly string[]; readonly anchors: readonly string[] } {
  const text = readFileSync(join(root, page), 'utf8').replace(/^```[\s\S]*?^```/gm, '')
  const links = [...text.replace(/`[^`\n]*`/g, '').matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link)
  return { links, anchors: [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => anchorOf(heading)) }
}

/** What is wrong with a link of `page`; `undefined` when nothing is. */
function faultOf(page: string, link: string): string | undefined {
  const [path = '', anchor] = link.split('#')
  const target = path === '' ? page : relative(root, join(root, dirname(page), path))
  if (!existsSync(join(root, target))) return `${page}: ${link} is not there`
  if (anchor !== undefined && !read(target).anchors.includes(anchor)) return `${page}: ${link} has no such heading`
  return undefined
}

describe('links', () => {
  it.each(pages)('of %s lead somewhere', (page) => {
    const local = read(page).links.filter((link) => !/^[a-z]+:/.test(link))
    expect(local.flatMap((link) => faultOf(page, link) ?? [])).toEqual([])
  })

  it('of what the package ships lead to what it ships', () => {
    const isShipped = (path: string): boolean => shipped.some((entry) => path === entry || path.startsWith(`${entry}/`))
    const faults = pages.filter(isShipped).flatMap((page) =>
      read(page)
        .links.filter((link) => !/^[a-z]+:|^#/.test(link))
        .map((link) => relative(root, join(root, dirname(page), link.split('#')[0] as string)))
        .filter((target) => !isShipped(target))
        .map((target) => `${page}: ${target} is not in the package`),
    )
    expect(faults).toEqual([])
  })

  it('of docs/README.md reach every page', () => {
    const index = read(join('docs', 'README.md')).links.map((link) => join('docs', link.split('#')[0] as string))
    const decisions = join('docs', 'decisions')
    expect(
      pagesIn('docs').filter((page) => !page.startsWith(decisions) && page !== join('docs', 'README.md') && !index.includes(page)),
    ).toEqual([])
  })
})
