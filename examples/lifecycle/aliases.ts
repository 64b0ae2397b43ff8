/** Step 7: back and forward by alias, and the registry's history. */
import type { ModelRegistry, Predictor } from 'millwright'
import { ask } from './client'
import { line } from './print'
import { story } from './settings'

/** What was done, for the report. */
export interface AliasMoves {
  readonly from: string
  readonly to: string
}

/** Rolls the champion back, asks the server, and puts it forward again; undefined with nothing to go back to. */
export async function backAndForward(
  registry: ModelRegistry,
  predictor: Predictor,
  { url, row, first }: { readonly url: string; readonly row: Record<string, string | number | boolean | null>; readonly first: string },
): Promise<AliasMoves | undefined> {
  const before = (await registry.resolve(`${story.model}@champion`)).version
  const answering = async (): Promise<string> => {
    await predictor.refresh()
    return (await ask(url, [row])).version
  }
  if (before === first) {
    line('the first champion is still in use: there is nothing to roll back to')
    return undefined
  }
  const back = await registry.rollback(story.model, 'champion', { reason: 'to show that it works' })
  line(`rolled back: champion ${before} → ${back.version}; the server now answers with version ${await answering()}`)
  await registry.promote(story.model, before, 'champion', { reason: 'forward again', expected: back.version })
  line(`forward again: champion ${back.version} → ${before}; the server now answers with version ${await answering()}`)
  return { from: before, to: back.version }
}

/** The history of the model as lines, oldest first, from `since` (epoch milliseconds) on. */
export async function historyLines(registry: ModelRegistry, since: number): Promise<{ readonly at: number; readonly text: string }[]> {
  const history = await registry.history(story.model)
  return history
    .filter(({ at }) => at >= since)
    .map(({ at, kind, version, alias, from, how, reason, verdicts = [] }) => {
      const gates = verdicts.map(({ passed, gate }) => `${passed ? '✓' : '✗'} ${gate}`).join(', ')
      const why = [reason, gates].filter((text) => text !== undefined && text !== '').join('; ')
      const what =
        kind === 'version-registered'
          ? `version ${version} registered`
          : kind === 'promotion-rejected'
            ? `version ${version} not promoted to ${alias}`
            : `${alias}: ${from ?? 'nothing'} → ${version ?? 'nothing'}${how === undefined ? '' : ` (${how})`}`
      return { at, text: why === '' ? what : `${what}: ${why}` }
    })
}
