import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { attachDisplay, escapeHtml, markdownCell } from '../../../src/core/display'

describe('attachDisplay', () => {
  it('is seen by Node and by notebooks and not by loops over keys', () => {
    const target = { a: 1 }
    attachDisplay(target, { text: () => 'one line', markdown: () => '**one** line' })
    expect(inspect(target)).toBe('one line')
    const bundle = (target as unknown as Record<symbol, () => unknown>)[Symbol.for('Jupyter.display')]
    expect(bundle?.()).toEqual({ 'text/plain': 'one line', 'text/markdown': '**one** line' })
    expect(Object.keys(target)).toEqual(['a'])
    expect(JSON.stringify(target)).toBe('{"a":1}')
  })
})

describe('escaping', () => {
  it('leaves no markup alive', () => {
    expect(escapeHtml('<b a="x" c=\'y\'>&`')).toBe('&#60;b a=&#34;x&#34; c=&#39;y&#39;&#62;&#38;&#96;')
    expect(escapeHtml(null)).toBe('')
    expect(markdownCell('a|b\n<i>*x*</i>')).toBe('a\\|b &#60;i&#62;\\*x\\*&#60;/i&#62;')
    expect(markdownCell(undefined)).toBe('')
  })
})
