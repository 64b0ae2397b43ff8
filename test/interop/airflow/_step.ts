/** The program that Airflow's tasks start. */
import { readFile } from 'node:fs/promises'
import { fsStorage, runStepCommand } from '../../../src/node'
import { penguinPipeline } from '../../support/penguin-pipeline'

const { PENGUINS = '', STORE = '' } = process.env
const storage = fsStorage({ root: STORE })
await runStepCommand(penguinPipeline({ storage, read: () => readFile(PENGUINS, 'utf8') }), { storage })
