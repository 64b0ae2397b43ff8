/** Checks the tensors that a caller hands to a model, before the model sees them. */
import { type Issue, SchemaMismatchError, show } from '../core/errors'
import type { ModelTensor, TensorData } from '../ports/model'
import type { TensorType } from '../schema/signature'
import { tensorArrays } from '../schema/tensor-arrays'
import type { GraphValue, ModelGraph } from './graph'

/** An array for the values of a tensor. */
export function newTensorData(dtype: TensorType, length: number): TensorData {
  return dtype === 'str' ? new Array<string>(length) : new tensorArrays[dtype](length)
}

/** @throws SchemaMismatch listing every input that is absent, unknown, or of another type, shape or length than the model's */
export function assertTensors({ inputs, subject }: ModelGraph, given: Readonly<Record<string, ModelTensor>>): void {
  const known = inputs.map(({ name }) => name)
  const issues: Issue[] = []
  const add = (name: string, code: string, message: string): void => void issues.push({ path: [name], code, message })
  for (const name of Object.keys(given ?? {}))
    if (!known.includes(name)) add(name, 'unknown', `there is no input ${show(name)}; inputs: ${known.map(show).join(', ')}`)
  for (const input of inputs) {
    const tensor = Object.hasOwn(given ?? {}, input.name) ? given[input.name] : undefined
    if (tensor === undefined) add(input.name, 'missing', `the input ${show(input.name)} is not there`)
    else {
      const problem = problemOf(input, tensor)
      if (problem !== undefined) add(input.name, problem[0], `the input ${show(input.name)} ${problem[1]}`)
    }
  }
  if (issues.length > 0)
    throw new SchemaMismatchError(`the tensors do not fit ${subject}: ${issues.map(({ message }) => message).join('; ')}`, issues)
}

function problemOf({ dtype, shape }: GraphValue, tensor: ModelTensor): readonly [string, string] | undefined {
  if (dtype === undefined) return ['wrong-type', 'has a type that cannot be fed']
  if (tensor?.dtype !== dtype) return ['wrong-type', `must be ${dtype}, got ${show(tensor?.dtype)}`]
  const sizes = tensor.shape
  if (!Array.isArray(sizes) || !sizes.every((size) => Number.isSafeInteger(size) && size >= 0))
    return ['wrong-shape', `must have a \`shape\` of whole numbers, got ${show(sizes)}`]
  if (shape !== undefined && (shape.length !== sizes.length || shape.some((size, i) => size !== -1 && size !== sizes[i])))
    return [
      'wrong-shape',
      `must have the shape [${shape.map((size) => (size === -1 ? 'any' : size)).join(', ')}], got [${sizes.join(', ')}]`,
    ]
  const isRight = dtype === 'str' ? isTexts(tensor.data) : tensor.data instanceof tensorArrays[dtype]
  if (!isRight) return ['wrong-type', `must have its values in ${dtype === 'str' ? 'an array of texts' : `a ${tensorArrays[dtype].name}`}`]
  const count = sizes.reduce((product: number, size: number) => product * size, 1)
  if (tensor.data.length === count) return undefined
  return ['wrong-length', `must hold ${count} values for the shape [${sizes.join(', ')}], it holds ${tensor.data.length}`]
}

function isTexts(data: unknown): boolean {
  return Array.isArray(data) && data.every((value) => typeof value === 'string')
}
