/** A validation for people. */
import { markdownCell, textTable } from '../core/display'
import { argumentsText, shortText } from './expectation'
import type { ExpectationResult, ValidationResult } from './result'

/** One line for the whole, one for each expectation that was not met. */
export function validationText(result: ValidationResult): string {
  const { evaluated_expectations: all, successful_expectations: met } = result.statistics
  const head = `${result.success ? '✓' : '✗'} suite '${result.suite_name}': ${met} of ${all} expectations met`
  const failures = result.results.filter(({ success }) => !success).map((item) => `  ✗ ${sentence(item)}: ${finding(item)}`)
  return [head, ...failures].join('\n')
}

/** {@link validationText} below a table of the expectations, those that were not met first: what a console shows. */
export function validationTable(result: ValidationResult): string {
  const [head, ...failures] = validationText(result).split('\n')
  const ordered = [...result.results].sort((a, b) => Number(a.success) - Number(b.success))
  const rows = ordered.map((item) => {
    const { type, kwargs, severity = 'critical' } = item.expectation_config
    const subject = kwargs.column ?? [kwargs.column_A, kwargs.column_B].filter((name) => name !== undefined)
    const columns = kwargs.column_list ?? subject
    return [item.success ? '✓' : '✗', severity, [columns].flat().join(', ') || '(table)', type.replace(/^expect_/, ''), finding(item)]
  })
  const table = rows.length === 0 ? [] : [textTable(['', 'severity', 'column', 'expectation', 'found'], rows)]
  return [head, ...table, ...failures].join('\n')
}

/** A heading and a table with a row for every expectation. */
export function validationMarkdown(result: ValidationResult): string {
  const { evaluated_expectations: all, successful_expectations: met } = result.statistics
  const rows = result.results.map(
    (item) => `| ${item.success ? '✓' : '✗'} | ${markdownCell(sentence(item))} | ${markdownCell(finding(item))} |`,
  )
  const head = `**${markdownCell(result.suite_name)}**: ${met} of ${all} expectations met`
  return [head, '', '|  | expectation | finding |', '| --- | --- | --- |', ...rows].join('\n')
}

/** What is expected, in words. */
export function sentence({ expectation_config: { type, kwargs } }: ExpectationResult): string {
  const what = type.replace(/^expect_/, '').replaceAll('_', ' ')
  const args = argumentsText(kwargs)
  return args === '' ? what : `${what} (${args})`
}

/** What was found, in words. */
export function finding({ result, exception_info: exception }: ExpectationResult): string {
  if (exception.raised_exception) return exception.exception_message ?? 'failed'
  if (typeof result.element_count === 'number') {
    const examples = (result.partial_unexpected_list as readonly unknown[] | undefined)?.slice(0, 5).map(shortText) ?? []
    const percent = typeof result.unexpected_percent === 'number' ? ` (${Number(result.unexpected_percent.toPrecision(3))} %)` : ''
    const list = examples.length > 0 ? `, for example ${examples.join(', ')}` : ''
    return `${result.unexpected_count} of ${result.element_count} rows unexpected${percent}${list}`
  }
  return 'observed_value' in result ? `observed ${shortText(result.observed_value)}` : ''
}
