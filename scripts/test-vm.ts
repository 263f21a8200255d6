/**
 * `npm run test:vm -- --image IMAGE`: boots a prepared Windows (docs/vm.md) with QEMU, hands it a payload disk, and reads what the
 * suite there has found. The image is never changed.
 *
 *   --image IMAGE      a disk image of Windows, prepared; without one this skips
 *   --format FORMAT    of the image, as QEMU calls it
 *   --prepare FILE     boots nothing: makes the disk with the answer file that an image is prepared with
 *   --openvpn FILE     OpenVPN's installer, an .msi: whether openvpn.exe loads the plugin; not with --no-node
 *   --arch x64|ia32    of node.exe and of the native suite; x64 unless told
 *   --no-node          the native suite alone, for a Windows on which node.exe does not run; needs the next two
 *   --target ADDRESS, --source ADDRESS   IPv4 addresses that the guest has
 *   --memory MB        4096 unless told
 *   --timeout MINUTES  30 unless told
 *   --accel kvm|tcg    by the processor or by software; kvm where /dev/kvm may be used
 *   --linux            no Windows: proves the harness itself with a Linux guest
 *
 * Exit codes: 0 all passed, or skipped; 1 not; 2 wrong usage.
 */

import { copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { nodeExecutables, packageFolder, repository, requireArtifact, type Architecture } from '../test/support/artifacts.js';
import { packPackage } from '../test/support/packed.js';
import { runLinuxGuest } from '../test/vm/linux_run.js';
import { canUseKvm, runMachine, type Run } from '../test/vm/machine.js';
import { PayloadDisk } from '../test/vm/payload.js';
import { readTap, type TapReport } from '../test/vm/tap.js';

const { values } = parseArgs({
  options: {
    ...Object.fromEntries(
      ['image', 'format', 'openvpn', 'prepare', 'accel', 'arch', 'target', 'source', 'memory', 'timeout'].map((name) => [name, { type: 'string' as const }]),
    ),
    'no-node': { type: 'boolean', default: false },
    linux: { type: 'boolean', default: false },
  },
}) as unknown as { values: Partial<Record<string, string>> & { 'no-node': boolean; linux: boolean } };

function fail(code: number, message: string): never {
  process.stderr.write(`test:vm: ${message}\n`);
  process.exit(code);
}

const number = (name: string, otherwise: number): number => {
  const value = Number(values[name] ?? otherwise);
  return value > 0 ? value : fail(2, `--${name} must be a number above 0`);
};

/** Fills the disk that the guest runs run.cmd from. */
function makePayload(folder: string, architecture: Architecture): PayloadDisk {
  const payload = new PayloadDisk(join(folder, 'payload.img'), 512);
  const vm = join(repository, 'test', 'vm');
  const dlls = ['winsock-lsp.dll', 'winsock-lsp-setup.dll', ...(architecture === 'x64' ? ['winsock-lsp-ia32.dll'] : [])];
  const files = [
    ...['run.cmd', 'windows_suite.mjs', 'unpack.mjs'].map((name) => join(vm, name)),
    requireArtifact('selftest', architecture),
    ...dlls.map((name) => join(packageFolder, 'prebuilds', `win32-${architecture}`, name)),
  ];
  if (values['no-node']) {
    writeFileSync(join(folder, 'addresses.txt'), `--target ${values.target} --source ${values.source}\r\n`);
    files.push(join(folder, 'addresses.txt'));
  } else {
    const node = nodeExecutables(architecture).at(-1) ?? fail(1, `there is no node.exe for ${architecture} (node scripts/run.mjs setup)`);
    const tarball = join(folder, 'winsock-lsp.tgz');
    copyFileSync(packPackage(folder).tarball, tarball);
    files.push(node.path, tarball);
  }
  if (values.openvpn !== undefined) {
    copyFileSync(values.openvpn, join(folder, 'openvpn.msi'));
    files.push(join(folder, 'openvpn.msi'));
  }
  payload.put(files);
  return payload;
}

function tell({ run, report }: { run: Run; report: TapReport }): void {
  process.stdout.write(`${(run.results ?? '').trimEnd()}\nthe guest ran for ${run.seconds} s\n`);
  const lost = !run.done || !report.complete;
  if (lost) process.stdout.write(`results are missing. The serial port said last:\n${run.serial.slice(-2000)}\n`);
  process.stdout.write(`${report.passed} passed, ${report.failed + (lost ? 1 : 0)} failed, ${report.skipped} skipped\n`);
  process.exitCode = lost || report.failed > 0 ? 1 : 0;
}

if (values.prepare !== undefined) {
  if (existsSync(values.prepare)) fail(2, `--prepare ${values.prepare}: it is there already`);
  new PayloadDisk(values.prepare, 64).put([join(repository, 'test', 'vm', 'autounattend.xml')]);
  process.stdout.write(`${values.prepare}: see docs/vm.md for what comes next\n`);
} else if (!values.linux && values.image === undefined) {
  process.stdout.write('skipped: there is no image of Windows. Prepare one (docs/vm.md) and name it with --image, or see the harness work with --linux.\n');
  process.stdout.write('0 passed, 0 failed, 1 skipped\n');
} else {
  const architecture = values.arch ?? 'x64';
  if (architecture !== 'x64' && architecture !== 'ia32') fail(2, `--arch must be x64 or ia32`);
  const accelerator = values.accel ?? (canUseKvm() ? 'kvm' : 'tcg');
  if (accelerator !== 'kvm' && accelerator !== 'tcg') fail(2, '--accel must be kvm or tcg');
  if (values['no-node'] && (values.target === undefined || values.source === undefined)) fail(2, '--no-node needs --target and --source');
  if (values['no-node'] && values.openvpn !== undefined) fail(2, '--openvpn needs node.exe in the guest: not with --no-node');
  for (const name of ['image', 'openvpn']) {
    const path = values[name];
    if (path !== undefined && !existsSync(path)) fail(2, `--${name} ${path}: there is no such file`);
  }
  const folder = mkdtempSync(join(tmpdir(), 'winsock-lsp-vm-'));
  try {
    if (values.linux) {
      tell(await runLinuxGuest(folder, number('timeout', 10)));
    } else {
      const run = await runMachine({
        ...{ image: values.image ?? '', payload: makePayload(folder, architecture), serialLog: join(folder, 'serial.log') },
        ...(values.format === undefined ? {} : { format: values.format }),
        ...{ memoryMegabytes: number('memory', 4096), timeoutMinutes: number('timeout', 30), accelerator },
      });
      tell({ run, report: readTap(run.results ?? '') });
    }
  } catch (error) {
    fail(1, error instanceof Error ? error.message : String(error));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
