import { describe, expect, it } from 'vitest'
import { createAnswerQueue } from '../../../src/serve/answer-queue'

/** A queue with a clock and an event loop that the test moves. */
function testQueue(isAlone?: () => boolean) {
  let time = 0
  const turns: (() => void)[] = []
  const sent: string[] = []
  const queue = createAnswerQueue({ isAlone, now: () => time, defer: (callback) => void turns.push(callback) })
  return {
    sent,
    add: (name: string) => queue.add(() => void sent.push(name)),
    wait: (milliseconds: number) => {
      time += milliseconds
    },
    endTurn: () => {
      for (const callback of turns.splice(0)) callback()
    },
    deferred: turns,
  }
}

describe('the queue of answers', () => {
  it('sends the answers of a turn at its end, in order', () => {
    const { sent, add, endTurn, deferred } = testQueue()
    for (const name of ['a', 'b', 'c']) add(name)
    expect(sent).toEqual([])
    expect(deferred).toHaveLength(1)
    endTurn()
    expect(sent).toEqual(['a', 'b', 'c'])
    add('d')
    endTurn()
    expect(sent).toEqual(['a', 'b', 'c', 'd'])
  })

  it('sends at once when an answer has waited for longer than two milliseconds', () => {
    const { sent, add, wait, endTurn } = testQueue()
    add('a')
    wait(1.9)
    add('b')
    expect(sent).toEqual([])
    wait(0.2)
    add('c')
    expect(sent).toEqual(['a', 'b', 'c'])
    add('d')
    expect(sent).toHaveLength(3)
    endTurn()
    expect(sent).toEqual(['a', 'b', 'c', 'd'])
  })

  it('sends at once when no other answer can be expected', () => {
    let isAlone = true
    const { sent, add, endTurn } = testQueue(() => isAlone)
    add('a')
    expect(sent).toEqual(['a'])
    isAlone = false
    add('b')
    // It does not overtake an answer that waits.
    isAlone = true
    add('c')
    expect(sent).toEqual(['a'])
    endTurn()
    expect(sent).toEqual(['a', 'b', 'c'])
  })

  it('sends what is added while it sends', () => {
    const sent: string[] = []
    const turns: (() => void)[] = []
    const queue = createAnswerQueue({ now: () => 0, defer: (callback) => void turns.push(callback) })
    queue.add(() => queue.add(() => void sent.push('inner')))
    for (const callback of turns.splice(0)) callback()
    expect(sent).toEqual([])
    for (const callback of turns.splice(0)) callback()
    expect(sent).toEqual(['inner'])
  })
})
