/** Before each test file: property tests draw the same cases each time, so that a run tells of the change at hand and of nothing else. */
import fc from 'fast-check'
import { propertySeed } from './effort'

fc.configureGlobal({ seed: propertySeed })
