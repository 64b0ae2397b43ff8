/**
 * MLflow's own pages in Chromium, over what we logged: into a SQLite file, into a tree of files, and through a server. Each page must show
 * our names and values and no error; screenshots of all of them go to the folder `MILLWRIGHT_SCREENSHOTS` (default: a temporary one).
 *
 *   node scripts/run.mjs test/interop/mlflow/ui_pages.ts [sqlite|files|server]
 */
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTracker, filesTracker, ModelRegistry, mlflowRegistry, mlflowTracker } from 'millwright'
import { fsStorage, nodeEnvironment, nodeSystemMetrics, sqliteRegistry, sqliteTracker } from 'millwright/node'
import type { Browser, Page } from 'playwright-core'
import type { TrackerBackend } from '../../../src/ports/tracker-backend'
import { startChromium } from '../../support/chromium'
import { freshFolder, mlflowVersion, needSqlite, pause, type Server, startServer, useServer } from '../support/mlflow'
import { names, type Story, tellStory } from './_story'

needSqlite()
const only = process.argv[2]
const shots = process.env.MILLWRIGHT_SCREENSHOTS ?? join(tmpdir(), 'millwright-screenshots')
mkdirSync(shots, { recursive: true })
const csv = readFileSync('examples/data/penguins.csv', 'utf8')

/** A page: its address below `#`, what its text must hold, and what else to wait for. */
interface View {
  readonly name: string
  readonly path: string
  readonly texts: readonly (string | RegExp)[]
  readonly selector?: string
  /** What is clicked, in turn: by its text, or a selector. */
  readonly clicks?: readonly (RegExp | string)[]
}

/** The box beside an entry of the list of columns. */
const checkbox = (entry: string): string => `[class*="tree-treenode"]:has-text("${entry}") [class*="tree-checkbox"]`

function views({ experimentId, runId, modelId, accuracy }: Story): View[] {
  const run = `/experiments/${experimentId}/runs/${runId}`
  const shown = accuracy.toString().slice(0, 4)
  return [
    { name: 'experiments', path: '/experiments', texts: [names.experiment] },
    {
      name: 'runs',
      path: `/experiments/${experimentId}/runs`,
      // Metrics and params have no columns until they are chosen.
      clicks: ['[data-component-id*="runstableaddcolumncta"]', checkbox('accuracy'), checkbox('nEstimators')],
      texts: [names.run, 'palmerpenguins', names.logged, /ui_page/, 'accuracy', shown],
    },
    {
      name: 'run',
      path: run,
      texts: [
        names.run,
        runId,
        'Finished',
        'nEstimators',
        'split.test',
        'accuracy',
        shown,
        'palmerpenguins',
        names.model,
        /team\s*:\s*blue/,
        'penguin',
      ],
    },
    { name: 'charts', path: `${run}/model-metrics`, texts: ['loss', 'val/loss', 'accuracy'], selector: 'svg.main-svg .scatterlayer path' },
    { name: 'system', path: `${run}/system-metrics`, texts: [/memory|cpu/], selector: 'svg.main-svg' },
    { name: 'artifacts', path: `${run}/artifacts`, texts: ['confusion.json', 'plots', 'notes', 'environment.json'] },
    {
      name: 'image',
      path: `${run}/artifacts/plots/gradient.png`,
      texts: ['gradient.png'],
      selector: '.image-outer-container img, img[src*="gradient"], [role="img"]',
    },
    { name: 'table', path: `${run}/artifacts/confusion.json`, texts: ['confusion.json', 'Adelie', 'Gentoo', '37'] },
    { name: 'models', path: '/models', texts: [names.model, 'champion'] },
    { name: 'model', path: `/models/${names.model}`, texts: [names.model, 'Version 1', 'champion'] },
    {
      name: 'version',
      path: `/models/${names.model}/versions/1`,
      clicks: [/^Inputs \(7\)$/, /^Outputs \(1\)$/],
      texts: [names.model, 'champion', 'Schema', 'bill_length_mm', 'island', 'prediction', 'team', 'story'],
    },
    {
      name: 'logged-models',
      path: `/experiments/${experimentId}/models`,
      texts: [names.logged, 'Ready', names.run],
    },
    {
      name: 'logged-model',
      path: `/experiments/${experimentId}/models/${modelId}`,
      texts: [names.logged, modelId, 'Ready', 'trees', '20', names.run],
    },
  ]
}

/** Waits until the page's text holds everything; the text as it then is. */
async function settled(page: Page, { texts, selector }: View): Promise<string> {
  const missing = (text: string): (string | RegExp)[] =>
    texts.filter((wanted) => (typeof wanted === 'string' ? !text.includes(wanted) : !wanted.test(text)))
  let text = ''
  for (let i = 0; i < 150; i++) {
    text = (await page.evaluate('document.body.innerText')) as string
    const isDrawn = selector === undefined || (await page.locator(selector).count()) > 0
    if (missing(text).length === 0 && isDrawn) return text
    await pause(200)
  }
  const lacking = missing(text).map(String)
  throw new Error(`the page lacks ${lacking.length > 0 ? lacking.join(', ') : selector}; it says:\n${text.slice(0, 3000)}`)
}

const broken =
  /something went wrong|an error occurred|failed to (fetch|load)|unable to|could not be|error fetching|page not found|not found/i

/** Opens every page of one server; what went wrong. */
async function visit(browser: Browser, server: Server, kind: string, story: Story): Promise<string[]> {
  const faults: string[] = []
  const context = await browser.newContext({ viewport: { width: 2100, height: 1200 } })
  // What a user clicks once: the pages for model training instead of those for GenAI, and no assistant.
  await context.addInitScript(`
    localStorage.setItem('_mlflow_model_registry_promo_modal_dismissed', 'true')
    localStorage.setItem('mlflow.workflowType_v1', '"machine_learning"')
    localStorage.setItem('mlflow.assistant.panelOpen_v1', 'false')
    localStorage.setItem('mlflow.assistant.fab.autoOpenedOnFirstLoad_v1', 'true')`)
  const page = await context.newPage()
  const refused: string[] = []
  page.on('response', (response) => {
    // Answers to what MLflow asks of its own accord (assistants, gateways) are none of ours.
    const { pathname } = new URL(response.url())
    // Only a server with accounts knows who the user is.
    if (response.status() >= 400 && /mlflow|artifact/.test(pathname) && !pathname.endsWith('/users/current'))
      refused.push(`${response.status()} ${response.url()}`)
  })
  // The pages are the same over every store: for the others, those that read the most.
  const all = views(story).filter(
    ({ name }) => kind === 'sqlite' || ['runs', 'run', 'charts', 'image', 'version', 'logged-model'].includes(name),
  )
  for (const view of all) {
    await page.goto('about:blank')
    await page.goto(`${server.url}/#${view.path}`)
    try {
      for (const click of view.clicks ?? []) {
        await (typeof click === 'string' ? page.locator(click) : page.getByText(click)).first().click({ timeout: 30_000 })
      }
      const text = await settled(page, view)
      const [said] = broken.exec(text) ?? []
      if (said !== undefined) faults.push(`${kind} ${view.name}: the page says ${JSON.stringify(said)}:\n${text.slice(0, 2000)}`)
    } catch (error) {
      faults.push(`${kind} ${view.name}: ${(error as Error).message}`)
    }
    // Charts and images fade in.
    await page.waitForLoadState('networkidle', { timeout: 1500 }).catch(() => {})
    await page.screenshot({ path: join(shots, `${kind}-${view.name}.png`) })
  }
  if (refused.length > 0) faults.push(`${kind}: refused requests:\n${[...new Set(refused)].join('\n')}`)
  await context.close()
  if (faults.length === 0)
    console.info(`MLflow ${mlflowVersion()} shows what we logged into ${kind}: ${all.map(({ name }) => name).join(', ')}`)
  return faults
}

/** Logs the story into one kind of store. */
async function tell(tracker: TrackerBackend, models: ModelRegistry): Promise<Story> {
  const teller = createTracker({
    backend: tracker,
    environment: nodeEnvironment(),
    systemMetrics: { everyMs: 100 },
    systemMeter: nodeSystemMetrics(),
    user,
    handleExit: false,
  })
  const story = await tellStory(teller, models, csv)
  await teller.close()
  await models.close()
  return story
}

const user = 'ada'
const faults: string[] = []
const browser = await startChromium()
try {
  for (const kind of ['sqlite', 'files', 'server'] as const) {
    if (only !== undefined && only !== kind) continue
    const folder = freshFolder()
    const storage = fsStorage({ root: folder })
    const path = join(folder, 'mlflow.db')
    let server: Server
    let story: Story
    if (kind === 'server') {
      server = await useServer(undefined, folder)
      story = await tell(mlflowTracker({ url: server.url }), new ModelRegistry({ backend: mlflowRegistry({ url: server.url }), user }))
    } else {
      story =
        kind === 'sqlite'
          ? await tell(
              await sqliteTracker({ path, storage }),
              new ModelRegistry({ backend: await sqliteRegistry({ path, storage }), user }),
            )
          : await tell(filesTracker({ storage }), new ModelRegistry({ storage, user }))
      server = await startServer(folder, kind === 'sqlite' ? { database: path } : { files: join(folder, 'mlruns') })
    }
    faults.push(...(await visit(browser, server, kind, story)))
    await server.stop()
  }
} finally {
  await browser.close()
}
assert.deepEqual(faults, [])
console.info(`screenshots in ${shots}`)
