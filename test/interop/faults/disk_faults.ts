/**
 * A disk that is really full, and one that is really read-only: a small file system of its own (tmpfs in a namespace of this program), on
 * which trackers, registries and the offline queue are driven against the wall and then go on.
 *
 *   node scripts/run.mjs test/interop/faults/disk_faults.ts
 */
import { spawnSync } from 'node:child_process'
import { fullDisk } from '../../fixtures/disk-full'
import { readOnlyDisk } from '../../fixtures/disk-read-only'
import { needSqlite } from '../support/mlflow'

const [word, folder = ''] = process.argv.slice(2)
if (word !== '--inside') {
  needSqlite()
  const script = 'mkdir -p "$0" && mount -t tmpfs -o size=6m tmpfs "$0" && exec "$@"'
  const program = [process.execPath, '--enable-source-maps', '--no-warnings', process.argv[1] as string]
  // As root a mount namespace is enough; others become root of a user namespace first.
  const [unshare] = [['-m'], ['-rm']].filter(
    (flags) => spawnSync('unshare', [...flags, 'sh', '-c', 'mount -t tmpfs tmpfs /mnt']).status === 0,
  )
  if (unshare === undefined) {
    console.info('left out: full and read-only disks (this machine lets nobody mount a file system)')
    process.exit(0)
  }
  const place = `/tmp/millwright-disk-${process.pid}`
  const { status } = spawnSync('unshare', [...unshare, 'sh', '-c', script, place, ...program, '--inside', place], { stdio: 'inherit' })
  spawnSync('rmdir', [place])
  process.exit(status ?? 1)
}

for (const line of [...(await fullDisk(folder)), ...(await readOnlyDisk(folder))]) console.info(line)
