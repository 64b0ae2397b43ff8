/** Reads the OpenMetrics text format 1.0: what another service exposes, or what this one does in a test. */
import { invalidArgument, show } from '../../core/errors'
import { checkHistogram, checkSample, labelKey, metricOf, type OpenMetricsType, suffixes } from './family-rules'
import { Flaw, type ParsedSample, parseSample, unescaped } from './sample-line'

/** Metrics of one name. */
export interface OpenMetricsFamily {
  readonly name: string
  readonly type: OpenMetricsType
  readonly help: string
  readonly unit: string
  readonly samples: readonly ParsedSample[]
}

/**
 * Parses an exposition in the OpenMetrics text format, by all its rules: one flaw makes the whole text invalid.
 *
 * @throws InvalidArgument with the number of the line and what is wrong with it
 * @example parseOpenMetrics('# TYPE requests counter\nrequests_total 3\n# EOF\n')[0].samples[0].value // 3
 */
export function parseOpenMetrics(text: string): OpenMetricsFamily[] {
  if (typeof text !== 'string') throw invalidArgument(`parseOpenMetrics takes text, got ${show(text)}`)
  const reader = createReader()
  const lines = text.split('\n')
  if (lines[lines.length - 1] === '') lines.pop()
  for (const [i, line] of lines.entries()) within(`line ${i + 1}`, () => reader.line(line))
  return within('the text', () => reader.end())
}

function within<T>(place: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof Flaw) throw invalidArgument(`${place} is not OpenMetrics: ${error.message}`)
    throw error
  }
}

interface OpenFamily {
  readonly name: string
  type?: OpenMetricsType
  help?: string
  unit?: string
  readonly samples: ParsedSample[]
}

function createReader() {
  const families: OpenMetricsFamily[] = []
  const taken = new Set<string>()
  let open: OpenFamily | undefined
  let metrics = createMetricOrder()
  let ended = false

  const close = (): void => {
    if (open === undefined) return
    const { name, type = 'unknown', help = '', unit = '', samples } = open
    for (const suffix of new Set([...suffixes[type], ''])) {
      if (taken.has(name + suffix)) throw new Flaw(`${name + suffix} belongs to two families`)
      taken.add(name + suffix)
    }
    if (unit !== '' && !name.endsWith(`_${unit}`)) throw new Flaw(`${name} must end in its unit ${unit}`)
    if (unit !== '' && (type === 'info' || type === 'stateset')) throw new Flaw(`${name} is of type ${type}, which has no unit`)
    if (type === 'histogram' || type === 'gaugehistogram') for (const group of metrics.groups()) checkHistogram(name, group)
    families.push({ name, type, help, unit, samples })
    open = undefined
  }
  const begin = (name: string): OpenFamily => {
    close()
    open = { name, samples: [] }
    metrics = createMetricOrder()
    return open
  }
  const metadata = (line: string): void => {
    const [, kind, name, value] = /^# ([^ ]*) ([^ ]*) (.*)$/s.exec(line) ?? []
    if (kind === undefined || name === undefined || value === undefined)
      throw new Flaw('a line with # must be # TYPE, # HELP, # UNIT or # EOF')
    const family = open?.name === name ? open : begin(name)
    if (family.samples.length > 0) throw new Flaw(`the metadata of ${name} must stand before its samples`)
    const key = ({ TYPE: 'type', HELP: 'help', UNIT: 'unit' } as const)[kind as 'TYPE' | 'HELP' | 'UNIT']
    if (key === undefined) throw new Flaw(`# ${kind} is not known`)
    if (family[key] !== undefined) throw new Flaw(`# ${kind} of ${name} occurs twice`)
    if (key === 'type' && !Object.hasOwn(suffixes, value)) throw new Flaw(`${JSON.stringify(value)} is no type`)
    Object.assign(family, { [key]: key === 'help' ? unescaped(value) : value })
  }
  return {
    line(line: string): void {
      if (ended) throw new Flaw('there is text after # EOF')
      if (line === '# EOF') ended = true
      else if (line.startsWith('#')) metadata(line)
      else {
        const sample = parseSample(line)
        const belongs =
          open !== undefined && suffixes[open.type ?? 'unknown'].some((suffix) => sample.name === (open as OpenFamily).name + suffix)
        const family = belongs ? (open as OpenFamily) : begin(sample.name)
        const type = family.type ?? 'unknown'
        checkSample(type, family.name, sample)
        if (metrics.add(metricOf(type, family.name, sample), sample)) family.samples.push(sample)
      }
    },
    end(): OpenMetricsFamily[] {
      if (!ended) throw new Flaw('it does not end in # EOF')
      close()
      return families
    },
  }
}

/** The order of the samples of a family: a metric's samples stand together, and their times do not go back. */
function createMetricOrder() {
  const seen = new Set<string>()
  const groups: ParsedSample[][] = []
  let metric: string | undefined
  let at: number | undefined
  let series = new Set<string>()
  return {
    /** Whether the sample is new: one that repeats the series and time of another is left out. */
    add(key: string, sample: ParsedSample): boolean {
      const { timestamp, name, labels } = sample
      if (key !== metric) {
        if (seen.has(key)) throw new Flaw('the samples of a metric must stand together')
        seen.add(key)
        series = new Set()
      } else {
        if ((timestamp === undefined) !== (at === undefined)) throw new Flaw('either all samples of a metric have a timestamp, or none')
        if (timestamp !== undefined && timestamp < (at as number)) throw new Flaw('the timestamps of a metric must not go back')
        if (timestamp !== at) series = new Set()
      }
      if (key !== metric || timestamp !== at) groups.push([])
      metric = key
      at = timestamp
      const id = `${name}${labelKey(Object.entries(labels))}`
      if (series.has(id)) {
        if (timestamp === undefined) throw new Flaw(`${name} with these labels occurs twice`)
        return false
      }
      series.add(id)
      groups[groups.length - 1]?.push(sample)
      return true
    },
    groups: (): readonly (readonly ParsedSample[])[] => groups,
  }
}
