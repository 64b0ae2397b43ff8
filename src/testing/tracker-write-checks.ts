/** The checks of batches, artifacts and logged models of tracker backends. */
import { fromUtf8, utf8 } from '../core/bytes'
import type { TrackerBackend } from '../ports/tracker-backend'
import type { Check } from './check'
import { expectCode, expectEqual, expectThat } from './expect'
import { newRun, point, trackerCheck } from './tracker-check'

/** The checks of batches, artifacts and logged models. */
export function trackerWriteChecks(): readonly Check<TrackerBackend>[] {
  return [...batches(), ...artifacts()]
}

function batches(): Check<TrackerBackend>[] {
  return [
    trackerCheck('params are written once, tags are replaced', async ({ subject, reopen }) => {
      const { runId } = await newRun(subject)
      await subject.logBatch(runId, { params: { depth: '3', note: 'ü\n"x"\r\n', empty: '' }, tags: { state: 'a', both: '1' } })
      await subject.logBatch(runId, { params: { depth: '3', more: '4' }, tags: { state: 'b' } })
      const error = await expectCode(
        () => subject.logBatch(runId, { params: { more: '4', depth: '5' } }),
        'Conflict',
        'another value of a param',
      )
      expectThat(error.message.includes('depth'), 'the message names the param')
      const other = await reopen?.()
      if (other !== undefined) {
        await expectCode(() => other.logBatch(runId, { params: { depth: '6' } }), 'Conflict', 'another value from elsewhere')
        await other.close()
      }
      const { params, tags } = await subject.getRun(runId)
      expectEqual(params, { depth: '3', note: 'ü\n"x"\r\n', empty: '', more: '4' }, 'the params')
      expectEqual([tags.state, tags.both], ['b', '1'], 'the tags')
    }),
    trackerCheck('a batch with anything wrong in it stores nothing', async ({ subject }) => {
      const { runId } = await newRun(subject)
      await subject.logBatch(runId, { params: { fixed: '1' } })
      const wrong = [
        { params: { ok: '1' }, metrics: [point('', 1)] },
        { params: { ok: '1' }, metrics: [{ ...point('m', 1), step: 0.5 }] },
        { params: { ok: '1' }, metrics: [{ ...point('m', 1), timestamp: -1 }] },
        { params: { ok: '1' }, metrics: [{ ...point('m', 1), timestamp: Number.NaN }] },
        { tags: { ok: '1' }, metrics: [{ ...point('m', 1), value: '1' as unknown as number }] },
        { tags: { ok: '1' }, params: { long: 'x'.repeat(6001) } },
        { metrics: [point('ok', 1)], tags: { long: 'x'.repeat(8001) } },
        { metrics: [point('ok', 1)], datasets: [{ name: 'd', digest: 'x'.repeat(37), sourceType: 'code', source: '{}' }] },
      ]
      for (const batch of wrong) await expectCode(() => subject.logBatch(runId, batch), 'InvalidArgument', 'a wrong batch')
      await expectCode(() => subject.logBatch(runId, { metrics: [point('ok', 1)], params: { fixed: '2' } }), 'Conflict', 'a changed param')
      const read = await subject.getRun(runId)
      expectEqual([read.params, read.tags.ok, read.metrics], [{ fixed: '1' }, undefined, {}], 'what is stored')
    }),
    trackerCheck('datasets and models are linked once', async ({ subject }) => {
      const { runId, experimentId } = await newRun(subject)
      const data = {
        name: 'flights',
        digest: 'abc123',
        sourceType: 'local',
        source: '{"uri":"f.csv"}',
        schema: '{"mlflow_colspec":[]}',
        profile: '{"num_rows":5}',
      }
      const { modelId } = await subject.createModel({ experimentId, name: 'forest', sourceRunId: runId, createdAt: 5 })
      const batch = { datasets: [{ ...data, context: 'training' }], inputModels: [modelId], outputModels: [{ modelId, step: 7 }] }
      await subject.logBatch(runId, batch)
      await subject.logBatch(runId, batch)
      await subject.logBatch(runId, { datasets: [{ name: 'plain', digest: '1', sourceType: 'code', source: '{}' }] })
      const read = await subject.getRun(runId)
      const datasets = [...read.datasets].sort((a, b) => (a.name < b.name ? -1 : 1))
      expectEqual(
        datasets,
        [
          { ...data, context: 'training' },
          { name: 'plain', digest: '1', sourceType: 'code', source: '{}' },
        ],
        'the datasets',
      )
      expectEqual([read.inputModels, read.outputModels], [[modelId], [{ modelId, step: 7 }]], 'the models')
    }),
  ]
}

function artifacts(): Check<TrackerBackend>[] {
  return [
    trackerCheck('artifacts come back byte by byte and are listed by folder', async ({ subject }) => {
      const { runId } = await newRun(subject)
      const bytes = Uint8Array.from({ length: 100_000 }, (_, i) => (i * 7919) % 256)
      await subject.putArtifact({ runId }, 'deep/er/data.bin', bytes)
      await subject.putArtifact({ runId }, 'deep/note.txt', utf8('one'))
      await subject.putArtifact({ runId }, 'deep/note.txt', utf8('three'))
      await subject.putArtifact({ runId }, 'empty', new Uint8Array(0))
      const read = await subject.getArtifact({ runId }, 'deep/er/data.bin')
      expectThat(read.length === bytes.length && read.every((byte, i) => byte === bytes[i]), 'the bytes written are the bytes read')
      expectEqual(fromUtf8(await subject.getArtifact({ runId }, 'deep/note.txt')), 'three', 'an artifact written twice')
      expectEqual(
        await subject.listArtifacts({ runId }),
        [
          { path: 'deep', isFolder: true },
          { path: 'empty', isFolder: false, sizeBytes: 0 },
        ],
        'the root',
      )
      expectEqual(
        await subject.listArtifacts({ runId }, 'deep'),
        [
          { path: 'deep/er', isFolder: true },
          { path: 'deep/note.txt', isFolder: false, sizeBytes: 5 },
        ],
        'a folder',
      )
      expectEqual(await subject.listArtifacts({ runId }, 'none'), [], 'a folder that is not there')
      await expectCode(() => subject.getArtifact({ runId }, 'none'), 'NotFound', 'a missing artifact')
    }),
    trackerCheck('a logged model goes from pending to ready or failed', async ({ subject }) => {
      const { runId, experimentId } = await newRun(subject)
      const made = await subject.createModel({
        experimentId,
        name: 'forest',
        sourceRunId: runId,
        modelType: 'rf',
        createdAt: 1_700_000_000_000,
        tags: { a: 'b' },
        params: { trees: '10' },
      })
      expectThat(/^m-[0-9a-z]+$/.test(made.modelId), `a model id is m- and letters or digits, got ${made.modelId}`)
      expectEqual(made.status, 'pending', 'status at first')
      await subject.putArtifact({ modelId: made.modelId }, 'model.bin', utf8('weights'))
      await subject.finishModel(made.modelId, 'ready')
      const read = await subject.getModel(made.modelId)
      expectEqual(
        [read.name, read.status, read.sourceRunId, read.modelType, read.tags, read.params],
        ['forest', 'ready', runId, 'rf', { a: 'b' }, { trees: '10' }],
        'the model',
      )
      expectEqual(fromUtf8(await subject.getArtifact({ modelId: made.modelId }, 'model.bin')), 'weights', 'its file')
      expectEqual((await subject.listArtifacts({ runId })).length, 0, 'artifacts of the run itself')
      const failed = await subject.createModel({ experimentId, name: 'broken', createdAt: 1_700_000_000_001 })
      await subject.finishModel(failed.modelId, 'failed')
      expectEqual((await subject.getModel(failed.modelId)).status, 'failed', 'status of a failed one')
    }),
  ]
}
