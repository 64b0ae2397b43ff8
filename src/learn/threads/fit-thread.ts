/** The program of a thread that learns; `fit-program.ts` is its text. */
import { serveMessages } from '../../core/thread-program'
import { fitOnThread } from './fit-request'

serveMessages(fitOnThread)
