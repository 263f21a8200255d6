/** What drives the VM tests, without a VM: TAP, the payload disk; and with Debian's kernel as guest, where QEMU is there. */

import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { test } from 'uvu';
import * as assert from 'uvu/assert';

import { repository } from './support/artifacts.js';
import { guestFolder, runLinuxGuest } from './vm/linux_run.js';
import { PayloadDisk } from './vm/payload.js';
import { readTap } from './vm/tap.js';

const temporary = mkdtempSync(join(tmpdir(), 'winsock-lsp-vm-'));
test.after(() => rmSync(temporary, { recursive: true, force: true }));

const has = (program: string) => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;

const situations: readonly (readonly [string, string, Partial<ReturnType<typeof readTap>>])[] = [
  ['all good', 'TAP version 13\nok 1 - a\nok 2 - b\n1..2\n', { passed: 2, failed: 0, skipped: 0, complete: true }],
  ['a failure, and Windows line ends', '1..2\r\nok 1 - a\r\nnot ok 2 - b\r\n', { passed: 1, failed: 1, failures: ['not ok 2 - b'], complete: true }],
  ['a skip', 'ok 1 - a # SKIP no reason\n1..1\n', { passed: 0, skipped: 1, complete: true }],
  ['a result that is missing', 'ok 1 - a\n1..2\n', { passed: 1, complete: false }],
  ['no plan', 'ok 1 - a\n', { complete: false }],
  ['nothing', '', { passed: 0, failed: 0, complete: false }],
  ['a plan of nothing', '1..0\n', { complete: false }],
];
for (const [situation, text, expected] of situations) {
  test(`TAP: ${situation}`, () => {
    const found = readTap(text);
    assert.equal(Object.fromEntries(Object.keys(expected).map((name) => [name, found[name as keyof typeof found]])), expected);
  });
}

test('npm run test:vm without an image skips, says so and counts it', () => {
  const { status, stdout } = spawnSync(process.execPath, ['--import', 'tsx', join('scripts', 'test-vm.ts')], { cwd: repository, encoding: 'utf8' });
  assert.is(status, 0, stdout);
  assert.match(stdout, /^skipped: .*no image.*--image/m);
  assert.match(stdout, /^0 passed, 0 failed, 1 skipped$/m);
});

const payload = has('mcopy') ? test : test.skip;
if (!has('mcopy')) console.log('skipped: the payload disk needs mtools (node scripts/run.mjs test:vm sets that up)');
payload('the payload disk has one FAT32 partition, with what was put there', () => {
  const image = join(temporary, 'payload.img');
  const disk = new PayloadDisk(image, 64);
  writeFileSync(join(temporary, 'hello.txt'), 'hello\r\n');
  disk.makeFolder('folder');
  disk.put([join(temporary, 'hello.txt')]);
  disk.put([join(temporary, 'hello.txt')], 'folder');
  assert.is(disk.read('hello.txt'), 'hello\r\n');
  assert.is(disk.read('folder/hello.txt'), 'hello\r\n');
  assert.is(disk.read('none'), undefined);
  const sector = readFileSync(image).subarray(0, 512);
  assert.equal([sector[450], sector.readUInt32LE(454), sector.readUInt16LE(510)], [0x0c, 2048, 0xaa55]);
  const fat = readFileSync(image).subarray(2048 * 512, 2049 * 512);
  assert.is(fat.toString('latin1', 82, 87), 'FAT32');
  if (has('fsck.vfat')) execFileSync('sh', ['-c', `tail -c +$((2048 * 512 + 1)) "$0" > "$0.fs" && fsck.vfat -n "$0.fs"`, image]);
});

function missingForGuest(): string | undefined {
  const missing = ['qemu-system-x86_64', 'mcopy', 'busybox'].filter((program) => !has(program));
  if (missing.length > 0) return `${missing.join(', ')} missing (npm run test:vm -- --linux sets up what it needs)`;
  return existsSync(join(guestFolder, 'kernel')) ? undefined : 'no guest has been made (npm run test:vm -- --linux)';
}

const reason = missingForGuest();
if (reason !== undefined) console.log(`skipped: the run with a Linux guest: ${reason}`);
(reason === undefined ? test : test.skip)('a Linux guest finds the payload disk, and its results come back by disk and by serial port', async () => {
  const { run, report } = await runLinuxGuest(temporary, 5);
  assert.ok(run.done);
  assert.equal([report.passed, report.failed, report.complete], [3, 0, true]);
  assert.equal(readTap(run.serial).passed, 3);
});

test.run();
