/** The program that the tasks of the second DAG start. */
import { fsStorage, runStepCommand } from '../../../src/node'
import { rulesPipeline } from './_rules'

const storage = fsStorage({ root: process.env.STORE ?? '' })
await runStepCommand(rulesPipeline(storage), { storage })
