import { describe, expect, it } from 'vitest'
import { innerTopology, readTopology, type TfjsLayer } from '../../../src/modelfiles/tfjs-topology'

const dense = (name: string, more: object = {}) => ({ class_name: 'Dense', config: { name, units: 2, ...more } })
const at = (layer: string, call = 0, output = 0) => ({ layer, call, output })

describe('readTopology', () => {
  it('reads a sequence, and gives it the input layer that TensorFlow.js makes', () => {
    const layers = [dense('a', { batch_input_shape: [null, 3] }), dense('b')]
    const topology = readTopology({ class_name: 'Sequential', config: { layers } })
    expect(topology.layers.map(({ name, type, calls }) => [name, type, calls])).toEqual([
      ['a_input', 'InputLayer', [[]]],
      ['a', 'Dense', [[at('a_input')]]],
      ['b', 'Dense', [[at('a')]]],
    ])
    expect(topology.layers[0]?.config).toEqual({ batch_input_shape: [null, 3], dtype: undefined })
    expect([topology.inputs, topology.outputs]).toEqual([[at('a_input')], [at('b')]])
    expect(readTopology({ model_config: { class_name: 'Sequential', config: layers } })).toEqual(topology)
  })

  it('reads a network with shared layers, and models inside it', () => {
    const config = {
      layers: [
        { class_name: 'InputLayer', name: 'x', config: { name: 'x', batch_input_shape: [null, 2] }, inbound_nodes: [] },
        { ...dense('shared'), inbound_nodes: [[['x', 0, 0, {}]], [['shared', 0, 0, {}]]] },
        {
          class_name: 'Sequential',
          name: 'inner',
          config: { layers: [dense('c', { batch_input_shape: [null, 2] })] },
          inbound_nodes: [[['shared', 1, 0]]],
        },
      ],
      input_layers: ['x', 0, 0],
      output_layers: [
        ['inner', 1, 0],
        ['shared', 0, 0],
      ],
    }
    const topology = readTopology({ class_name: 'Functional', config })
    expect(topology.layers[1]?.calls).toEqual([[at('x')], [at('shared')]])
    expect([topology.inputs, topology.outputs]).toEqual([[at('x')], [at('inner', 1), at('shared')]])
    const inner = innerTopology(topology.layers[2] as TfjsLayer, 1)
    expect(inner?.outputs).toEqual([at('c')])
    expect(innerTopology(topology.layers[1] as TfjsLayer, 1)).toBeUndefined()
    expect(() => innerTopology(topology.layers[2] as TfjsLayer, 11)).toThrow(/models in models, at most 10 deep/)
  })

  it.each([
    [null, /`modelTopology.class_name` must be Sequential, Functional or Model, got nothing/],
    [{ class_name: 'Tree' }, /got "Tree"/],
    [{ class_name: 'Sequential', config: {} }, /`modelTopology.config.layers` must be a list of layers/],
    [{ class_name: 'Sequential', config: [] }, /must be a list of layers/],
    [{ class_name: 'Sequential', config: [{ class_name: 'Dense' }] }, /layer 0 of model.json is damaged: `config` must be/],
    [{ class_name: 'Sequential', config: [{ class_name: 'Dense', config: {} }] }, /`modelTopology.Dense.name` must be text/],
    [
      { class_name: 'Model', config: { layers: [dense('a')], input_layers: 3 } },
      /`modelTopology.input_layers` must be a list of layers with their calls/,
    ],
    [{ class_name: 'Model', config: { layers: [{ ...dense('a'), inbound_nodes: [[['x']]] }] } }, /`modelTopology.a` must be a list/],
  ])('refuses %#', (topology, message) => {
    expect(() => readTopology(topology)).toThrow(message)
  })
})
