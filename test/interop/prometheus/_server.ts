/** A real Prometheus and a real Alertmanager on free ports, each with a folder of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

export const bin = resolve(process.env.MILLWRIGHT_PROMETHEUS ?? '.venvs/prometheus-debian/usr/bin')

/** A server of the lane. */
export interface Running {
  readonly url: string
  stop(): Promise<void>
}

/** A Prometheus that scrapes `target` every second and evaluates `rules`. */
export async function startPrometheus(target: string, rules: string, alertmanager?: string): Promise<Running> {
  const folder = mkdtempSync(join(tmpdir(), 'millwright-prometheus-'))
  writeFileSync(join(folder, 'rules.yml'), rules)
  const alerting =
    alertmanager === undefined ? '' : `alerting: { alertmanagers: [{ static_configs: [{ targets: ['${alertmanager}'] }] }] }\n`
  writeFileSync(
    join(folder, 'prometheus.yml'),
    `global: { scrape_interval: 1s, evaluation_interval: 1s }\nrule_files: [rules.yml]\n${alerting}scrape_configs: [{ job_name: millwright, static_configs: [{ targets: ['${target}'] }] }]\n`,
  )
  const port = await freePort()
  mkdirSync(join(folder, 'data'))
  const flags = [
    `--config.file=${join(folder, 'prometheus.yml')}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ]
  return started(spawn(join(bin, 'prometheus'), [...flags, '--log.level=warn'], { stdio: 'inherit' }), `http://127.0.0.1:${port}`, folder)
}

/** Debian's Alertmanager reads its templates from this place only. */
const templates = '/usr/share/prometheus/alertmanager'

/** How an Alertmanager groups. */
export interface Grouping {
  readonly groupBy: string
  readonly groupWaitMs: number
  readonly groupIntervalMs: number
}

/** An Alertmanager that sends to a webhook, soon if nothing else is asked. */
export async function startAlertmanager(
  webhook: string,
  { groupBy, groupWaitMs, groupIntervalMs }: Grouping = { groupBy: 'monitor', groupWaitMs: 1000, groupIntervalMs: 1000 },
): Promise<Running> {
  for (const name of ['default.tmpl', 'email.tmpl']) {
    if (existsSync(join(templates, name))) continue
    mkdirSync(templates, { recursive: true })
    cpSync(join(bin, '..', '..', templates, name), join(templates, name))
  }
  const folder = mkdtempSync(join(tmpdir(), 'millwright-alertmanager-'))
  const waits = `group_wait: ${groupWaitMs}ms, group_interval: ${groupIntervalMs}ms, repeat_interval: 1h`
  const route = `route: { receiver: hook, group_by: ['${groupBy}'], ${waits} }`
  writeFileSync(
    join(folder, 'alertmanager.yml'),
    `${route}\nreceivers: [{ name: hook, webhook_configs: [{ url: '${webhook}', send_resolved: true }] }]\n`,
  )
  const port = await freePort()
  const flags = [
    `--config.file=${join(folder, 'alertmanager.yml')}`,
    `--storage.path=${join(folder, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ]
  const child = spawn(join(bin, 'prometheus-alertmanager'), [...flags, '--cluster.listen-address=', '--log.level=warn'], {
    stdio: 'inherit',
  })
  return started(child, `http://127.0.0.1:${port}`, folder)
}

async function started(child: ChildProcess, url: string, folder: string): Promise<Running> {
  await until(`${url} is ready`, async () => (await fetch(`${url}/-/ready`)).ok)
  return {
    url,
    async stop() {
      const closed = new Promise((done) => child.once('close', done))
      child.kill()
      await closed
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Waits until `holds`; half a minute at most. @throws Error naming `what` */
export async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 30_000
  for (;;) {
    if (await holds().catch(() => false)) return
    if (Date.now() > end) throw new Error(`not within 30 s: ${what}`)
    await new Promise((next) => setTimeout(next, 200))
  }
}

function freePort(): Promise<number> {
  return new Promise((found) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => found(port))
    })
  })
}
