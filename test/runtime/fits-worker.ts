/** A worker of a page that fits on threads of its own. */
import { fitsCounted } from './fits-page'

globalThis.onmessage = async ({ data }: MessageEvent<number>) => globalThis.postMessage(await fitsCounted(data))
