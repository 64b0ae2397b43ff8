/** Lifts old files to the operator set that quantization needs. */
import { create } from '@bufbuild/protobuf'
import { MillwrightError } from '../../core/errors'
import type { OnnxFile } from '../../onnxfile/model-file'
import { type NodeProto, OperatorSetIdProtoSchema } from '../../onnxfile/onnx_pb'
import { graphsWithin, isStandard, opsetOf } from '../../onnxfile/walk'

/** The first operator set with DynamicQuantizeLinear. */
export const NEEDED_OPSET = 11

/** Operators of sets 7 to 10 whose form changed by set 11. */
const changed = /* @__PURE__ */ new Set(['Clip', 'Pad', 'Slice', 'TopK', 'Upsample', 'Resize', 'Scan'])

/**
 * Makes a file one of operator set 11 at least, where none of its nodes means something else there.
 *
 * @throws Unsupported naming the operator that does
 */
export function liftOpset(model: OnnxFile): void {
  model.irVersion = (model.irVersion ?? 0n) < 4n ? 4n : (model.irVersion as bigint)
  const opset = opsetOf(model)
  if (opset >= NEEDED_OPSET) return
  const old = graphsWithin(model.graph)
    .flatMap(({ node }) => node)
    .find((node) => isStandard(node) && isChanged(node, opset))
  if (old !== undefined || opset < 7) {
    const reason = old === undefined ? '' : `, and ${old.opType} has another form there`
    throw new MillwrightError(
      'Unsupported',
      `quantizeDynamic needs operator set ${NEEDED_OPSET} of ONNX or later; the file is written in ${opset}${reason}`,
      {
        hint: "convert it with Python's onnx.version_converter, or export the model again",
      },
    )
  }
  for (const set of model.opsetImport) if (isStandard(set)) set.version = BigInt(NEEDED_OPSET)
  if (opset === 0) model.opsetImport.push(create(OperatorSetIdProtoSchema, { version: BigInt(NEEDED_OPSET) }))
}

function isChanged({ opType = '', attribute }: NodeProto, opset: number): boolean {
  if (opType === 'BatchNormalization') return opset < 9 && attribute.some(({ name }) => name === 'spatial')
  return changed.has(opType)
}
