/** Displays validation results. */
import { markdownCell } from '../core/display'
import { argumentsText, shortText } from './expectation'
import type { ExpectationResult, ValidationResult } from './result'

/** One line for the whole, one for each expectation that was not met. */
export function validationText(result: ValidationResult): string {
  const { evaluated_expectations: all, successful_expectations: met } = result.statistics
  const head = `${result.success ? '✓' : '✗'} suite '${result.suite_name}': ${met} of ${all} expectations met`
  const failures = result.results.filter(({ success }) => !success).map((item) => `  ✗ ${sentence(item)}: ${finding(item)}`)
  return [head, ...failures].join('\n')
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

function sentence({ expectation_config: { type, kwargs } }: ExpectationResult): string {
  const what = type.replace(/^expect_/, '').replaceAll('_', ' ')
  const args = argumentsText(kwargs)
  return args === '' ? what : `${what} (${args})`
}

function finding({ result, exception_info: exception }: ExpectationResult): string {
  if (exception.raised_exception) return exception.exception_message ?? 'failed'
  if (typeof result.element_count === 'number') {
    const examples = (result.partial_unexpected_list as readonly unknown[] | undefined)?.slice(0, 5).map(shortText) ?? []
    const percent = typeof result.unexpected_percent === 'number' ? ` (${Number(result.unexpected_percent.toPrecision(3))} %)` : ''
    const list = examples.length > 0 ? `, for example ${examples.join(', ')}` : ''
    return `${result.unexpected_count} of ${result.element_count} rows unexpected${percent}${list}`
  }
  return 'observed_value' in result ? `observed ${shortText(result.observed_value)}` : ''
}
