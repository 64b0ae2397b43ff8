/** The parts of a timestamp that `dateParts` knows. */

/** A part of a timestamp, in UTC. Named as in pandas' `Series.dt`, in camel case. */
export type DateFeature = (typeof datePartNames)[number]

/** Every part, from coarse to fine. */
export const datePartNames = [
  'year',
  'quarter',
  'month',
  'week',
  'day',
  'dayOfYear',
  'dayOfWeek',
  'hour',
  'minute',
  'second',
  'millisecond',
] as const
