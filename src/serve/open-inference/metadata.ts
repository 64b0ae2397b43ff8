/** Metadata, configuration and statistics of models, as the Open Inference Protocol and Triton describe them. */
import type { HistogramSnapshot } from '../../predictor/histogram'
import type { Predictor } from '../../predictor/predictor'
import { type Datatype, inputTensors, outputTensors, type TensorDescription } from './datatypes'

/** Metadata of a model. */
export function modelMetadata(name: string, predictor: Predictor): object {
  return {
    name,
    versions: [predictor.version],
    platform: 'millwright_predictor',
    inputs: inputTensors(predictor),
    outputs: outputTensors(predictor),
  }
}

/** Triton's configuration of a model, for clients that ask for it. Its shapes lack the first dimension, which is that of the rows. */
export function modelConfig(name: string, predictor: Predictor, maxRows: number): object {
  const tensor = ({ name: own, datatype, shape }: TensorDescription): object => ({
    name: own,
    data_type: configType(datatype),
    dims: shape.length > 1 ? shape.slice(1) : [1],
  })
  return {
    name,
    platform: 'millwright_predictor',
    backend: 'millwright',
    version_policy: { latest: { num_versions: 1 } },
    max_batch_size: maxRows,
    input: inputTensors(predictor).map(tensor),
    output: outputTensors(predictor).map(tensor),
  }
}

function configType(datatype: Datatype): string {
  return `TYPE_${datatype === 'BYTES' ? 'STRING' : datatype}`
}

/** Triton's statistics of a model, from the counters of its predictor. Times are nanoseconds. */
export function modelStatistics(name: string, predictor: Predictor): object {
  const { version, rows, batches, rejected, failed, requests, latency, queueWait, execution, cacheHits, cacheMisses } = predictor.stats()
  const duration = ({ count, sum }: HistogramSnapshot): object => ({ count, ns: Math.round(sum * 1e9) })
  const none = { count: 0, ns: 0 }
  return {
    name,
    version,
    inference_count: rows,
    execution_count: batches,
    inference_stats: {
      success: { count: requests - rejected - failed, ns: Math.round(latency.sum * 1e9) },
      fail: { count: rejected + failed, ns: 0 },
      queue: duration(queueWait),
      compute_input: none,
      compute_infer: duration(execution),
      compute_output: none,
      cache_hit: { count: cacheHits, ns: 0 },
      cache_miss: { count: cacheMisses, ns: 0 },
    },
    batch_stats: [],
  }
}
