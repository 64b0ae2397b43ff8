/** Which types of Parquet a column may have, and what is read of each. */
import type { TimeUnit } from '../../schema/foreign-column'
import type { ParquetElement, ParquetMetadata } from './library'

/** What a column of a file holds. */
export type ParquetKind =
  | { readonly kind: 'whole'; readonly isUnsigned: boolean; readonly bits: 32 | 64 }
  | { readonly kind: 'number' | 'boolean' | 'text' }
  | { readonly kind: 'decimal'; readonly scale: number }
  | { readonly kind: 'timestamp' | 'time'; readonly unit: TimeUnit }
  /** Not read; `why` reads as "is …". */
  | { readonly kind: 'refused'; readonly why: string }

/** A column of a file. */
export interface ParquetColumn {
  readonly name: string
  readonly kind: ParquetKind
}

/** The columns at the top of a file's schema. */
export function columnsOfSchema(schema: readonly ParquetElement[]): ParquetColumn[] {
  const columns: ParquetColumn[] = []
  for (let i = 1; i < schema.length; i = after(schema, i)) {
    const element = schema[i] as ParquetElement
    columns.push({ name: element.name, kind: kindOf(element) })
  }
  return columns
}

/** The element behind one and all its children. */
function after(schema: readonly ParquetElement[], i: number): number {
  let next = i + 1
  for (let child = 0; child < (schema[i]?.num_children ?? 0); child++) next = after(schema, next)
  return next
}

function kindOf(element: ParquetElement): ParquetKind {
  const { type, converted_type: converted, logical_type: logical, repetition_type: repetition } = element
  if ((element.num_children ?? 0) > 0 || repetition === 'REPEATED') {
    return { kind: 'refused', why: `nested (${logical?.type ?? converted ?? (repetition === 'REPEATED' ? 'a list' : 'a struct')})` }
  }
  const annotated = annotatedKind(element)
  if (annotated !== undefined) return annotated
  switch (type) {
    case 'BOOLEAN':
      return { kind: 'boolean' }
    case 'INT32':
      return { kind: 'whole', isUnsigned: converted === 'UINT_32' || logical?.isSigned === false, bits: 32 }
    case 'INT64':
      return { kind: 'whole', isUnsigned: converted === 'UINT_64' || logical?.isSigned === false, bits: 64 }
    case 'INT96':
      return { kind: 'timestamp', unit: 'nanoseconds' }
    case 'FLOAT':
    case 'DOUBLE':
      return { kind: 'number' }
    case 'BYTE_ARRAY':
      return { kind: 'text' }
    default:
      return { kind: 'refused', why: `of a type that is no cell here (${type ?? 'no type'})` }
  }
}

/** The kind that an annotation gives, where it decides. */
function annotatedKind({ converted_type: converted, logical_type: logical, ...element }: ParquetElement): ParquetKind | undefined {
  if (converted === 'DECIMAL' || logical?.type === 'DECIMAL') return { kind: 'decimal', scale: element.scale ?? logical?.scale ?? 0 }
  if (converted === 'DATE' || logical?.type === 'DATE') return { kind: 'timestamp', unit: 'days' }
  const unit = unitOf(logical?.unit ?? converted?.split('_')[1])
  if (logical?.type === 'TIMESTAMP' || converted?.startsWith('TIMESTAMP')) return { kind: 'timestamp', unit }
  if (logical?.type === 'TIME' || converted?.startsWith('TIME_')) return { kind: 'time', unit }
  if (logical?.type === 'UUID') return { kind: 'text' }
  if (logical?.type === 'FLOAT16' || logical?.type === 'NULL') return { kind: 'number' }
  const other = [logical?.type, converted].find((one) => one !== undefined && refused.includes(one))
  return other === undefined ? undefined : { kind: 'refused', why: `of a type that is no cell here (${other})` }
}

const refused = ['BSON', 'INTERVAL', 'GEOMETRY', 'GEOGRAPHY', 'VARIANT', 'FILE']

function unitOf(unit: string | undefined): TimeUnit {
  return unit === 'MILLIS' ? 'milliseconds' : unit === 'NANOS' ? 'nanoseconds' : 'microseconds'
}

/**
 * The metadata with annotations taken away, so that hyparquet hands out integers as they are stored: it makes numbers of decimals, which
 * loses digits, and a Date of each time, which is slow. Bytes without annotation are taken for text, as old writers leave it.
 */
export function withoutAnnotations(metadata: ParquetMetadata): ParquetMetadata {
  return { ...metadata, schema: metadata.schema.map((element) => (element.num_children ? element : plain(element))) }
}

function plain(element: ParquetElement): ParquetElement {
  const { converted_type, logical_type, ...rest } = element
  const { kind } = kindOf(element)
  if (kind === 'text' && logical_type?.type !== 'UUID') return { ...rest, converted_type: 'UTF8' }
  return kind === 'text' || kind === 'number' || kind === 'refused' ? element : rest
}
