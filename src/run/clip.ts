/** Texts made to fit a tag. */
import { runLimits } from '../ports/run-keys'

/** At most as long as a tag may be, and well-formed: for texts that nobody can be asked to shorten. */
export function clip(text: string): string {
  return text.slice(0, runLimits.tagValue).toWellFormed()
}

/** Name and message of whatever was thrown, made to fit a tag. */
export function errorText(error: unknown): string {
  return clip(error instanceof Error ? `${error.name}: ${error.message}` : String(error))
}
