/** The program that Kubeflow's tasks start. */
import { readFile } from 'node:fs/promises'
import { runStepCommand } from '../../../src/node'
import { penguinPipeline } from '../../support/penguin-pipeline'
import { chainedPipeline } from './_chained'

const penguins = penguinPipeline({ read: () => readFile(process.env.PENGUINS ?? '', 'utf8') })
await runStepCommand(process.env.PIPELINE === 'penguins' ? penguins : chainedPipeline())
