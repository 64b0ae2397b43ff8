/** The models of the service: a champion and a challenger, registered with signed passports. */
import { generateKeyPairSync } from 'node:crypto'
import { existsSync } from 'node:fs'
import {
  chain,
  evaluate,
  gradientBoostingClassifier,
  ModelRegistry,
  type ObjectStore,
  oneHotEncoder,
  type Row,
  randomForestClassifier,
  readCsv,
  simpleImputer,
  split,
} from 'millwright'
import { issuePassport } from 'millwright/deploy'

/** The name of the model. */
export const MODEL = 'penguins'

/** The data lie in the package: in a copy of this folder below `node_modules`, in the repository itself at its root. */
const DATA =
  ['node_modules/millwright/', ''].map((root) => `${root}examples/data/penguins.csv`).find((path) => existsSync(path)) ?? 'penguins.csv'

/** Where the public key is stored, for this example. */
export const KEY = 'keys/public.pem'

/** Registers both versions, unless they are there. The private key is forgotten: nobody can sign another model with it. */
export async function registerModels(storage: ObjectStore): Promise<ModelRegistry> {
  const registry = new ModelRegistry({ storage })
  if ((await registry.listModels()).some(({ name }) => name === MODEL)) return registry
  const { privateKey, publicKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  })
  await storage.put(KEY, new TextEncoder().encode(publicKey))
  const penguins = await readCsv(DATA)
  const { train, test } = split(penguins, { test: 0.25, stratifyBy: 'species', seed: 7 })
  const learners = {
    champion: randomForestClassifier({ nEstimators: 50, seed: 42 }),
    challenger: gradientBoostingClassifier({ nEstimators: 40, seed: 42 }),
  }
  for (const [alias, learner] of Object.entries(learners)) {
    const fitted = chain([simpleImputer(), oneHotEncoder(), learner]).fit(train, { target: 'species' })
    const version = await registry.register(MODEL, fitted, { example: train.head(1), metrics: evaluate(fitted, test) })
    await registry.setAlias(MODEL, alias, version)
    await issuePassport(registry, `${MODEL}@${version.version}`, {
      ...{ storage, privateKey, licence: 'CC0-1.0', authors: ['The penguin team'] },
      ...{ useCases: ['tell the species of a penguin from its measures'], limitations: ['three species of one archipelago'] },
    })
  }
  return registry
}

/** Rows to ask about, each with an observer: the unit of the rollout. */
export async function observations(): Promise<readonly (Row & { readonly species: string; readonly observer: string })[]> {
  const penguins = await readCsv(DATA)
  return penguins.toRecords().map((row, i) => ({ ...row, species: String(row.species), observer: `observer-${i % 97}` }))
}
