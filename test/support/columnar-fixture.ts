/** What test/fixtures/columnar/kinds.* hold: each type of pyarrow, and the column that it must become. */
import type { CellValue, ColumnType } from '../../src/schema/column'

/** A column of the files. */
export interface KindOfColumn {
  readonly name: string
  readonly type: ColumnType
  readonly cells: readonly CellValue[]
}

const instant = Date.UTC(2024, 1, 29, 23, 59, 59, 123)
const early = Date.UTC(1901, 11, 13, 20, 45, 51, 999)
const year1 = Date.parse('0001-01-01T00:00:00Z')

const kind = (name: string, type: ColumnType, ...cells: CellValue[]): KindOfColumn => ({ name, type, cells })

/** In both files. */
export const kindsOfRows: readonly KindOfColumn[] = [
  kind('int8', 'int32', 1, -128, null, 127),
  kind('uint8', 'int32', 1, 255, null, 0),
  kind('int16', 'int32', -32768, 32767, null, 5),
  kind('uint16', 'int32', 65535, 0, null, 5),
  kind('int32', 'int32', -2147483647, 2147483647, null, 0),
  kind('int32 low', 'float64', -2147483648, 1, null, 0),
  kind('uint32', 'float64', 4294967295, 1, null, 0),
  kind('int64', 'int32', 1, -2, null, 3),
  kind('int64 wide', 'float64', 9007199254740991, -9007199254740991, null, 3),
  kind('int64 beyond', 'string', '9007199254740993', '-9223372036854775808', null, '3'),
  kind('uint64', 'string', '18446744073709551615', '0', null, '3'),
  kind('float16', 'float64', 0.5, -2, null, 65504),
  kind('float32', 'float64', Math.fround(0.1), -2.5, null, Math.fround(3e38)),
  kind('float64', 'float64', 0.1, -0, null, Number.POSITIVE_INFINITY),
  kind('float64 nan', 'float64', null, 1.5, null, 2),
  kind('bool', 'boolean', true, false, null, true),
  kind('string', 'string', 'a', '한글 👩‍👩‍👧', null, '\ufeffmark'),
  kind('large_string', 'string', 'a', '', null, 'a'),
  kind('dictionary', 'string', 'x', 'y', null, 'x'),
  kind('date32', 'timestamp', Date.UTC(2024, 1, 29), -86_400_000, null, year1),
  kind('time32', 'string', '09:30:00', '23:59:59.5', null, '00:00:00'),
  kind('time64', 'string', '09:30:00', '23:59:59.123456', null, '00:00:00'),
  kind('timestamp s', 'timestamp', instant - 123, early - 999, null, 0),
  kind('timestamp ms', 'timestamp', instant, early, null, 0),
  kind('timestamp us', 'timestamp', instant, early, null, 0),
  kind('timestamp ns', 'timestamp', instant, early, null, 0),
  kind('timestamp zone', 'timestamp', instant, early, null, 0),
  kind('decimal9', 'float64', 1234567.89, -0.01, null, 0.1),
  kind('decimal38', 'string', '12345678901234567890.123456', '-0.000001', null, '1.000000'),
  kind('null', 'float64', null, null, null, null),
]

/** In the Arrow file alone. */
export const kindsOfArrow: readonly KindOfColumn[] = [
  kind('string_view', 'string', 'a', 'a text longer than twelve bytes', null, ''),
  kind('date64', 'timestamp', Date.UTC(2024, 1, 29), -86_400_000, null, year1),
  kind('dictionary of int8', 'string', 'x', 'y', null, 'x'),
  kind('dictionary of numbers', 'float64', 1.5, 2.5, null, 1.5),
]
