/** The result of a retraining, as plain JSON. */
import { attachDisplay, markdownTable } from '../core/display'
import type { GateVerdict } from '../ports/registry-backend'

/** Why a retraining began. */
export interface RetrainingTrigger {
  /** The alert rule that fired, or `manual`. */
  readonly rule: string
  /** When, epoch milliseconds, on the monitor's clock. */
  readonly at: number
  /** One sentence with the numbers. */
  readonly summary: string
  /** The measured value and its threshold; `NaN` if there is none. */
  readonly value: number
  readonly threshold: number
}

/** One side of a comparison. */
export interface MeasuredVersion {
  readonly version: string
  /** The metric on the rows both were compared on. */
  readonly score: number
}

/** How a retraining ended. */
export interface RetrainingVerdict {
  readonly id: string
  readonly model: string
  readonly alias: string
  readonly trigger: RetrainingTrigger
  /** Epoch milliseconds of the retraining's own clock. */
  readonly startedAt: number
  readonly endedAt: number
  /** `kept`: the champion stays, because the challenger was not better or a gate refused it. `failed`: the retraining failed; the champion stays. */
  readonly outcome: 'promoted' | 'kept' | 'failed'
  readonly metric: string
  readonly higherIsBetter: boolean
  /** By how much the challenger had to be better. */
  readonly margin: number
  /** The champion on the newest labelled rows; absent when there was none, or before it was measured. */
  readonly champion?: MeasuredVersion | undefined
  readonly challenger?: MeasuredVersion | undefined
  /** By how much the challenger was better; negative when it was worse. */
  readonly gain?: number | undefined
  /** Rows both were compared on. */
  readonly rows: number
  readonly gates: readonly GateVerdict[]
  /** One sentence with the numbers. */
  readonly summary: string
  /** Only for `failed`: the error. */
  readonly error?: { readonly code: string; readonly message: string } | undefined
}

/** Adds a display with summary and gates to a verdict. Returns `verdict`, which stays plain JSON. */
export function displayedVerdict<V extends RetrainingVerdict>(verdict: V): V {
  const { model, outcome, summary, gates, trigger } = verdict
  const title = `retraining of ${model} (${trigger.rule}) ${outcome}: ${summary}`
  const rows = gates.map(({ gate, passed, required, measured }) => [gate, passed ? 'passed' : 'failed', required, measured])
  return attachDisplay(verdict, {
    text: () =>
      [title, ...rows.map(([gate, passed, required, measured]) => `  ${gate}: ${passed}, required ${required}, measured ${measured}`)].join(
        '\n',
      ),
    markdown: () => (rows.length === 0 ? title : `${title}\n\n${markdownTable(['gate', 'verdict', 'required', 'measured'], rows)}`),
  })
}
