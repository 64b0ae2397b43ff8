/** The program that DVC's stages start. */
import { readFile } from 'node:fs/promises'
import { runStepCommand } from '../../../src/node'
import { penguinPipeline } from '../../support/penguin-pipeline'

await runStepCommand(penguinPipeline({ read: () => readFile('penguins.csv', 'utf8') }))
