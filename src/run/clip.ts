/** Texts made to fit a tag. */
import { runLimits } from '../ports/run-keys'

/** At most as long as a tag may be, and well-formed: for texts that nobody can be asked to shorten. */
export function clip(text: string): string {
  return text.slice(0, runLimits.tagValue).toWellFormed()
}
