/** The links of a run to its datasets and models: `inputs/<id>/meta.yaml` and `outputs/<id>/meta.yaml`, as MLflow writes them. */
import { md5Hex } from '../../core/hash'
import type { DatasetInput } from '../../ports/tracker-backend'
import type { Place } from './places'
import type { Tree } from './tree'

/** Writes a dataset to the experiment, and a link to it to the run. */
export async function writeDataset(tree: Tree, { base, experiment }: Place, runId: string, input: DatasetInput): Promise<void> {
  const { name, digest, sourceType, source, schema = null, profile = null, context } = input
  const datasetId = md5Hex(name + digest)
  const meta = { digest, name, profile, schema, source, source_type: sourceType }
  await tree.writeOnce(`${experiment}datasets/${datasetId}/meta.yaml`, tree.yaml(meta))
  const tags = context === undefined ? {} : { 'mlflow.data.context': context }
  // MLflow writes the id of the source as that of the destination too.
  const link = { destination_id: datasetId, destination_type: 'RUN', source_id: datasetId, source_type: 'DATASET', tags }
  await tree.writeOnce(`${base}inputs/${md5Hex(datasetId + runId)}/meta.yaml`, tree.yaml(link))
}

/** Links a logged model that the run used. */
export async function writeInputModel(tree: Tree, base: string, runId: string, modelId: string): Promise<void> {
  const link = { destination_id: modelId, destination_type: 'RUN', source_id: modelId, source_type: 'MODEL', tags: {} }
  await tree.writeOnce(`${base}inputs/${md5Hex(modelId + runId)}/meta.yaml`, tree.yaml(link))
}

/** Links a logged model that the run produced. */
export async function writeOutputModel(tree: Tree, base: string, modelId: string, step: number): Promise<void> {
  const link = {
    ...{ destination_id: modelId, destination_type: 'MODEL_OUTPUT' },
    ...{ source_id: modelId, source_type: 'RUN_OUTPUT' },
    ...{ step, tags: {} },
  }
  await tree.writeOnce(`${base}outputs/${modelId}/meta.yaml`, tree.yaml(link))
}
