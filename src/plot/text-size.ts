/** Estimates the width of texts without a font, so that labels neither leave a drawing nor overlap. */

/** Widths in em of a plain sans-serif face (Arial's), on the generous side. */
const narrow = /[ijltfrI.,:;'|!()[\]\u2009\u00a0 -]/
const wide = /[mwMW@%…–∞]/
const fullWidth = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}]/u

/** Estimated width of `text` in pixels at a font size in pixels. */
export function textWidth(text: string, fontSize = 12): number {
  let em = 0
  for (const character of text) {
    em += fullWidth.test(character)
      ? 1
      : narrow.test(character)
        ? 0.36
        : wide.test(character)
          ? 0.92
          : /\p{Lu}/u.test(character)
            ? 0.72
            : 0.58
  }
  return em * fontSize
}

/**
 * The text, or as much of its beginning and end as fits into `room` pixels, with `…` between: names often differ only at their end.
 * At least one character stays.
 */
export function fitText(text: string, room: number, fontSize = 12): string {
  if (textWidth(text, fontSize) <= room) return text
  const characters = [...text]
  for (let kept = characters.length - 1; ; kept--) {
    const end = kept < 5 ? 0 : Math.floor(kept / 3)
    const head = characters
      .slice(0, kept - end)
      .join('')
      .trimEnd()
    const shorter = `${head}…${end === 0 ? '' : characters.slice(-end).join('').trimStart()}`
    if (kept <= 1 || textWidth(shorter, fontSize) <= room) return shorter
  }
}

/** Where the middle of a centred text must be so that it stays within [from, to]; the nearest place to `x`. */
export function keepInside(x: number, text: string, [from, to]: readonly [number, number], fontSize = 12): number {
  const half = textWidth(text, fontSize) / 2
  return to - from < 2 * half ? (from + to) / 2 : Math.min(to - half, Math.max(from + half, x))
}

/** Every how many labels can be shown so that neighbours, `spacing` pixels apart, do not touch: also in faces that are a tenth wider, such as DejaVu and Verdana. */
export function labelStep(widest: number, spacing: number): number {
  return spacing > 0 ? Math.max(1, Math.ceil((widest * 1.1 + 6) / spacing)) : 1
}

/** A coordinate with one decimal. */
export function px(value: number): number {
  return Math.round(value * 10) / 10
}
