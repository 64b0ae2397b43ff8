/** Where things are: the configuration, and the folder of models. */
import { readFile } from 'node:fs/promises'
import { createTracker, ModelRegistry, type Tracker } from 'millwright'
import { type Config, loadConfig } from 'millwright/config'
import { fsStorage } from 'millwright/node'

/** The name of the model in the registry, and of its experiment. */
export const MODEL = 'penguins'
/** What the model tells. */
export const TARGET = 'species'

/** The configuration, the registry and the tracker over one folder. */
export interface Project {
  readonly config: Config
  readonly storage: ReturnType<typeof fsStorage>
  readonly registry: ModelRegistry
  readonly tracker: Tracker
}

/** Opens the project; variables such as `MILLWRIGHT_DEPLOYMENT_API_PORT` override the file. */
export async function openProject(path = 'config/config.yaml'): Promise<Project> {
  const config = loadConfig(await readFile(path, 'utf8'), { source: path })
  const storage = fsStorage({ root: config.deployment.model_path })
  return { config, storage, registry: new ModelRegistry({ storage }), tracker: createTracker({ storage }) }
}
