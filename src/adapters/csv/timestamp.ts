/** Parses ISO 8601 dates and date-times from bytes. */
import { daysFromCivil } from '../../schema/coerce'
import type { Scan } from './scan'

/** Epoch milliseconds of an ISO 8601 cell; `NaN` for any other. It accepts the same texts as `timestampOfText`. */
export function timestampAt({ bytes, starts, ends }: Scan, cell: number): number {
  let p = starts[cell] as number
  const end = ends[cell] as number
  if (end - p < 10 || bytes[p + 4] !== 45 || bytes[p + 7] !== 45) return Number.NaN
  const high = twoDigits(bytes, p)
  const low = twoDigits(bytes, p + 2)
  const month = twoDigits(bytes, p + 5)
  const day = twoDigits(bytes, p + 8)
  if (high < 0 || low < 0 || month < 0 || day < 0) return Number.NaN
  const days = daysFromCivil(high * 100 + low, month, day)
  if (days === undefined) return Number.NaN
  p += 10
  if (p === end) return days * 86_400_000
  if ((bytes[p] !== 84 && bytes[p] !== 32) || end - p < 6 || bytes[p + 3] !== 58) return Number.NaN
  const hour = twoDigits(bytes, p + 1)
  const minute = twoDigits(bytes, p + 4)
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59) return Number.NaN
  p += 6
  let second = 0
  let milliseconds = 0
  if (end - p >= 3 && bytes[p] === 58) {
    second = twoDigits(bytes, p + 1)
    if (second < 0 || second > 59) return Number.NaN
    p += 3
    if (p < end && bytes[p] === 46) {
      const first = ++p
      for (let scale = 100; p < end && isDigit(bytes[p] as number); p++, scale /= 10) {
        if (scale >= 1) milliseconds += ((bytes[p] as number) - 48) * scale
      }
      if (p === first || p - first > 9) return Number.NaN
    }
  }
  const offset = offsetAt(bytes, p, end)
  return ((days * 24 + hour) * 60 + minute - offset) * 60_000 + second * 1000 + milliseconds
}

/** Minutes east of UTC of the rest of a cell: nothing, `Z`, `±hh`, `±hhmm` or `±hh:mm`; `NaN` when it is something else. */
function offsetAt(bytes: Uint8Array, start: number, end: number): number {
  if (start === end) return 0
  const sign = bytes[start]
  const length = end - start
  if (length === 1) return sign === 90 || sign === 122 ? 0 : Number.NaN
  if ((sign !== 43 && sign !== 45) || (length !== 3 && length !== 5 && length !== 6)) return Number.NaN
  if (length === 6 && bytes[start + 3] !== 58) return Number.NaN
  const hours = twoDigits(bytes, start + 1)
  const minutes = length === 3 ? 0 : twoDigits(bytes, end - 2)
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return Number.NaN
  return (sign === 45 ? -1 : 1) * (hours * 60 + minutes)
}

function twoDigits(bytes: Uint8Array, p: number): number {
  const tens = (bytes[p] as number) - 48
  const ones = (bytes[p + 1] as number) - 48
  return tens < 0 || tens > 9 || ones < 0 || ones > 9 ? -1 : tens * 10 + ones
}

function isDigit(byte: number): boolean {
  return byte >= 48 && byte <= 57
}
