/** What a tracker adds to a new run: a name and the environment. */
import type { Rng } from '../core/random'
import type { RunEnvironment } from '../ports/environment'
import type { TrackerCore } from './tracker-core'

/** The longest time, in milliseconds, that a run waits for the environment. */
const ENVIRONMENT_MS = 5000

const adjectives =
  'amber ample bold brave brisk calm civil clear clever cosy crisp curious deft eager early fair fleet fond frank gentle glad golden grand handy happy hardy humble jolly keen kind lively loyal lucky lunar mellow merry mild modest neat nimble noble patient placid plucky proud quick quiet ready rosy serene silver sleek smart solid spry steady stout sunny swift tidy upbeat vivid warm wise witty zesty'
const animals =
  'adder badger beaver bison bittern buzzard carp cod crane crow curlew deer dove dunnock eel egret elk falcon ferret finch fox frog gannet gecko goose grebe grouse gull hare hawk heron hornet ibex ibis jackdaw jay kestrel kite lark linnet lizard lynx magpie marten mole moose moth newt nightjar otter owl perch pike plover puffin quail raven robin rook salmon seal shrew shrike siskin snipe sparrow stag starling stoat stork swallow swan swift tern thrush toad trout vole walrus warbler weasel whale wolf wren'

/** Makes up a name such as `quiet-heron-417`, out of some four million. */
export function runName(rng: Rng): string {
  const pick = (words: string): string => {
    const list = words.split(' ')
    return list[rng.int(list.length)] as string
  }
  return `${pick(adjectives)}-${pick(animals)}-${rng.int(1000)}`
}

/** The environment, captured once per tracker. Empty if that takes longer than 5 s or fails; the failure is reported. */
export function environmentOf(core: TrackerCore): Promise<RunEnvironment> {
  const { environment } = core.options
  core.environment ??= (async () => {
    if (environment === undefined) return {}
    let cancel = (): void => {}
    try {
      const timeout = new Promise<RunEnvironment>((resolve) => {
        cancel = core.clock.schedule(() => resolve({}), ENVIRONMENT_MS)
      })
      return await Promise.race([environment(), timeout])
    } catch (error) {
      core.report(error)
      return {}
    } finally {
      cancel()
    }
  })()
  return core.environment
}
