/** The program that the jobs start. */
import { readFile } from 'node:fs/promises'
import { runStepCommand } from '../../../src/node'
import { penguinPipeline } from '../../support/penguin-pipeline'
import { rulesPipeline } from '../airflow/_rules'

const penguins = penguinPipeline({ read: () => readFile(process.env.PENGUINS ?? '', 'utf8') })
await runStepCommand(process.env.PIPELINE === 'penguins' ? penguins : rulesPipeline())
