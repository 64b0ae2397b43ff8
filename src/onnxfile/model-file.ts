/** ONNX files as messages and back. */
import { fromBinary, toBinary } from '@bufbuild/protobuf'
import { MillwrightError } from '../core/errors'
import { type GraphProto, type ModelProto, ModelProtoSchema } from './onnx_pb'

/** A model whose graph is there. */
export interface OnnxFile extends ModelProto {
  graph: GraphProto
}

/**
 * Reads an ONNX file. Weights share memory with `bytes`. Messages are read to a depth of 100, some 30 graphs within graphs.
 *
 * @throws Corrupt when the bytes are no ONNX model
 */
export function readOnnxFile(bytes: Uint8Array): OnnxFile {
  let model: ModelProto
  try {
    // Parts of Node's `Buffer` would be Buffers too, which share the memory of their pool.
    model = fromBinary(ModelProtoSchema, new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength))
  } catch (cause) {
    throw new MillwrightError('Corrupt', 'the file is not an ONNX model: it cannot be read as one', { cause })
  }
  if (model.graph === undefined) throw new MillwrightError('Corrupt', 'the file is not an ONNX model: it holds no graph')
  return model as OnnxFile
}

/** The bytes of an ONNX file. */
export function writeOnnxFile(model: ModelProto): Uint8Array {
  return toBinary(ModelProtoSchema, model)
}
