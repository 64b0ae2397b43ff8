import { describe, expect, it, vi } from 'vitest'
import { progressBar } from '../../../src/run'
import { manualClock } from './manual-clock'

function play(isTTY: boolean, steps: number): string {
  let text = ''
  const clock = manualClock()
  const stream = {
    isTTY,
    columns: 100,
    write(part: string) {
      text += part
    },
  }
  const bar = progressBar({ stream, clock, width: 10 })
  for (let done = 1; done <= steps; done++) {
    clock.advance(50)
    bar({ phase: 'fit', done, total: steps, unit: 'steps' })
  }
  return text
}

describe('progressBar', () => {
  it('writes over one line of a terminal, and ends it', () => {
    const text = play(true, 10)
    expect(text.split('\n')).toHaveLength(2)
    expect(text.split('\r').filter(Boolean)).toHaveLength(6)
    expect(text).toContain('fit █░░░░░░░░░  10 % 1/10 steps')
    expect(text.trimEnd().endsWith('fit ██████████ 100 % 10/10 steps, 20/s, 0.5 s')).toBe(true)
  })

  it('writes lines now and then elsewhere', () => {
    const lines = play(false, 300).trimEnd().split('\n')
    expect(lines.length).toBe(4)
    expect(lines.at(-1)).toContain('100 % 300/300 steps')
    expect(lines[1]).toMatch(/left$/)
  })

  it('starts a line for each phase, needs no total, and survives a broken stream', () => {
    let text = ''
    const bar = progressBar({ stream: { isTTY: true, write: (part) => (text += part) }, clock: manualClock(), everyMs: 0, label: 'x' })
    bar({ phase: 'read', done: 5, unit: 'rows' })
    bar({ phase: 'fit', done: 1, total: 2, unit: 'steps' })
    expect(text).toMatch(/^\rx 5 rows\n\rx █/)
    const broken = progressBar({
      stream: {
        write() {
          throw new Error('closed')
        },
      },
    })
    expect(() => broken({ phase: 'fit', done: 1, total: 1, unit: 'steps' })).not.toThrow()
    expect(() => progressBar({ width: 0 })).toThrow(/width/)
  })

  it('is HTML where a front end replaces what it shows, escaped', () => {
    const shown: string[] = []
    const clock = manualClock()
    const bar = progressBar({ html: (html) => shown.push(html), clock, label: '<fit>' })
    for (let done = 1; done <= 100; done++) {
      clock.advance(50)
      bar({ phase: 'fit', done, total: 100, unit: 'steps' })
    }
    expect(shown.length).toBe(21)
    expect(shown.at(-1)).toContain('<progress value="100" max="100"')
    expect(shown.at(-1)).toContain('<code>&#60;fit&#62; 100 % 100/100 steps, 20/s, 5.0 s</code>')
    bar({ phase: 'read', done: 5, unit: 'rows' })
    expect(shown.at(-1)).toContain('<progress style')
  })

  it('is one display of a notebook of Deno, updated in its place', () => {
    const sent: { type: string; content: { transient: { display_id: string }; data: Record<string, string> } }[] = []
    vi.stubGlobal('Deno', {
      jupyter: {
        broadcast: async (type: string, content: never) => {
          sent.push({ type, content })
          if (sent.length === 2) throw new Error('the kernel is gone')
        },
      },
    })
    const clock = manualClock()
    const bar = progressBar({ clock })
    for (let done = 1; done <= 3; done++) {
      clock.advance(1000)
      bar({ phase: 'fit', done, total: 3, unit: 'steps' })
    }
    vi.unstubAllGlobals()
    expect(sent.map(({ type }) => type)).toEqual(['display_data', 'update_display_data', 'update_display_data'])
    expect(new Set(sent.map(({ content }) => content.transient.display_id)).size).toBe(1)
    expect(sent[2]?.content.data['text/html']).toContain('3/3 steps')
  })

  it('is text in a plain script of Deno, which throws where `Deno.jupyter` is read', () => {
    const deno = {
      get jupyter() {
        throw new Error('Deno.jupyter is only available in `deno jupyter` subcommand')
      },
    }
    vi.stubGlobal('Deno', deno)
    const info = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
    try {
      progressBar({ clock: manualClock() })({ phase: 'fit', done: 3, total: 3, unit: 'steps' })
      expect(String(info.mock.calls[0]?.[0])).toContain('100 % 3/3 steps')
    } finally {
      info.mockRestore()
      vi.unstubAllGlobals()
    }
  })
})
