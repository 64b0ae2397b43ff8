/** `npm run deploy-files`: writes Dockerfile, Compose, Kubernetes manifests and the workflow. Run it again after a change here, and commit what it wrote. */
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { deploymentFiles } from 'millwright/deploy'

/** The files by path. */
export const files = deploymentFiles({ name: 'penguins', entry: 'dist/src/server.js', models: 'models', include: ['config'] })

for (const [path, text] of Object.entries(files)) {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, text)
}
console.log(`${Object.keys(files).length} files written`)
