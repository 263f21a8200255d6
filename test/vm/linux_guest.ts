/**
 * A guest that needs no licence, to prove the harness with: Debian's kernel and busybox. It does what a prepared Windows does: finds
 * the payload disk by what lies on it, and runs the counterpart of run.cmd there.
 */

import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';

export interface LinuxGuest {
  image: string;
  initrd: string;
  commandLine: string;
}

/** Disks on IDE, and FAT. With what they depend on. */
const modules = ['ata_piix', 'sd_mod', 'vfat', 'nls_cp437', 'nls_ascii', 'nls_iso8859-1'];

const init = `#!/bin/sh
# The counterpart of Windows' set-up: looks for run.sh on the disks, runs it, switches off.
export PATH=/bin
mount -t proc none /proc
mount -t sysfs none /sys
mount -t devtmpfs none /dev
for module in $(cat /modules/order); do insmod /modules/$module || echo "insmod $module failed"; done
tries=0
while [ $tries -lt 50 ] && [ ! -e /disk/run.sh ]; do
  tries=$((tries + 1))
  for disk in /dev/sd*[0-9]; do
    [ -e "$disk" ] && mount -t vfat -o sync "$disk" /disk 2>/dev/null && [ -e /disk/run.sh ] && break
    umount /disk 2>/dev/null
  done
  [ -e /disk/run.sh ] || sleep 0.2
done
if [ -e /disk/run.sh ]; then (cd /disk && sh ./run.sh); else echo "no payload disk was found" > /dev/ttyS0; fi
umount /disk
sync
poweroff -f
`;

/** An entry of a cpio archive in the format "newc", which the kernel unpacks. */
function entry(name: string, mode: number, content: Buffer): Buffer {
  const fields = [0, mode, 0, 0, 1, 0, content.length, 0, 0, 0, 0, name.length + 1, 0];
  const header = `070701${fields.map((value) => value.toString(16).padStart(8, '0')).join('')}${name}\0`;
  const padded = (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
  return Buffer.concat([padded(Buffer.from(header, 'latin1')), padded(content)]);
}

/** Modules in the order in which they have to be loaded, as paths below the kernel's modules folder. */
function withDependencies(folder: string): string[] {
  const lines = readFileSync(join(folder, 'modules.dep'), 'utf8').trim().split('\n');
  const dependencies = new Map(
    lines.map((line): [string, string[]] => {
      const [path = '', rest = ''] = line.split(':');
      return [path, rest.trim().split(' ').filter((each) => each !== '')];
    }),
  );
  const order: string[] = [];
  const add = (path: string): void => {
    if (order.includes(path)) return;
    // What a module needs is listed nearest first.
    for (const each of [...(dependencies.get(path) ?? [])].reverse()) add(each);
    order.push(path);
  };
  for (const name of modules) {
    const path = [...dependencies.keys()].find((each) => basename(each, '.ko') === name || basename(each, '.ko').replaceAll('_', '-') === name);
    if (path !== undefined) add(path); // else it is built in
  }
  return order;
}

/** Unpacks Debian's kernel package, or fetches it first, and makes the initial file system. `folder` keeps both. */
export function makeLinuxGuest(folder: string): LinuxGuest {
  const kernel = join(folder, 'kernel');
  if (!existsSync(kernel)) {
    const incoming = join(folder, `kernel.incoming-${process.pid}`);
    mkdirSync(incoming, { recursive: true });
    const run = (command: string, ...parameters: string[]) => execFileSync(command, parameters, { cwd: incoming, encoding: 'utf8', stdio: 'pipe' });
    const name = run('apt-cache', 'depends', 'linux-image-cloud-amd64').match(/Depends: (linux-image-\S+)/)?.[1];
    if (name === undefined) throw new Error('apt-cache knows no linux-image-cloud-amd64: run apt-get update');
    run('apt-get', 'download', '-qq', name);
    run('dpkg-deb', '-x', readdirSync(incoming).find((each) => each.endsWith('.deb')) ?? '', 'unpacked');
    // kmod's depmod, which the installed package would run; busybox has one too.
    const version = readdirSync(join(incoming, 'unpacked', 'lib', 'modules'))[0] ?? '';
    run('busybox', 'depmod', '-b', join(incoming, 'unpacked'), version);
    renameSync(join(incoming, 'unpacked'), kernel);
    rmSync(incoming, { recursive: true });
  }
  const version = readdirSync(join(kernel, 'lib', 'modules'))[0] ?? '';
  const modulesFolder = join(kernel, 'lib', 'modules', version);
  const order = withDependencies(modulesFolder);
  const directories = ['bin', 'dev', 'disk', 'modules', 'proc', 'sys'];
  const applets = ['sh', 'mount', 'umount', 'insmod', 'cat', 'echo', 'sleep', 'sync', 'poweroff', 'uname', 'printf', 'stty'];
  const archive = Buffer.concat([
    ...directories.map((name) => entry(name, 0o040755, Buffer.alloc(0))),
    entry('bin/busybox', 0o100755, readFileSync('/bin/busybox')),
    ...applets.map((name) => entry(`bin/${name}`, 0o120777, Buffer.from('busybox'))),
    ...order.map((path) => entry(`modules/${basename(path)}`, 0o100644, readFileSync(join(modulesFolder, path)))),
    entry('modules/order', 0o100644, Buffer.from(`${order.map((path) => basename(path)).join('\n')}\n`)),
    entry('init', 0o100755, Buffer.from(init)),
    entry('TRAILER!!!', 0, Buffer.alloc(0)),
  ]);
  const initrd = join(folder, 'initrd.gz');
  writeFileSync(initrd, gzipSync(archive, { level: 1 }));
  const image = join(folder, 'vmlinuz');
  copyFileSync(join(kernel, 'boot', `vmlinuz-${version}`), image);
  return { image, initrd, commandLine: 'console=ttyS0 quiet panic=-1' };
}

/** The counterpart of run.cmd: checks the disk's files against the sums given, and reports on the disk and the serial port. */
export const runScript = `# Run by the guest, in the payload disk's folder.
{
  echo "TAP version 13"
  echo "ok 1 - the guest runs $(uname -s)"
  if busybox sha256sum -c SHA256SUMS > sums.txt 2>&1; then echo "ok 2 - the payload arrived as it was"; else echo "not ok 2 - the payload arrived as it was"; fi
  # The image that was booted from: written to, to see that the host's file stays what it was.
  if [ -b /dev/sda ] && echo scribble > /dev/sda && sync; then echo "ok 3 - the image can be written to"; else echo "ok 3 - the image can be written to # SKIP there is none"; fi
  echo "1..3"
} > results.tap
cat results.tap > /dev/ttyS0
echo done > done
`;
