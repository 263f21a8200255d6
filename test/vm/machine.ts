/** A virtual machine for one run: QEMU, with a payload disk and a serial port that goes to a file. */

import { spawn } from 'node:child_process';
import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

import type { PayloadDisk } from './payload.js';

export interface MachineOptions {
  /** What to boot: a disk image that is never written to (QEMU puts what the guest writes into a temporary file). */
  image?: string;
  /** Its format, as QEMU calls it; found out unless told. */
  format?: string;
  /** Or a Linux kernel, its initial file system and its command line. */
  kernel?: { image: string; initrd: string; commandLine: string };
  payload: PayloadDisk;
  /** Where the serial port's output goes. */
  serialLog: string;
  memoryMegabytes: number;
  timeoutMinutes: number;
  /** By the processor, where /dev/kvm may be used, or by software, which is many times slower and runs everywhere. */
  accelerator: 'kvm' | 'tcg';
}

export interface Run {
  /** Whether the guest wrote the file "done" on the payload disk: it has finished what it was to do. */
  done: boolean;
  results: string | undefined;
  serial: string;
  seconds: number;
}

export function canUseKvm(): boolean {
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Boots, waits until the guest has switched itself off, and reads what it left. Throws if it does not within the time. */
export async function runMachine(options: MachineOptions): Promise<Run> {
  const { image, format, kernel, payload, serialLog } = options;
  const before = image === undefined ? undefined : statSync(image);
  const parameters = [
    // IDE and a plain PC: every Windows from 7 on has these drivers.
    ...['-machine', 'pc', '-accel', options.accelerator, '-m', String(options.memoryMegabytes), '-smp', '2'],
    ...['-display', 'none', '-monitor', 'none', '-no-reboot', '-serial', `file:${serialLog}`],
    // A card that Windows knows, in a network that ends at QEMU.
    ...['-nic', 'user,model=e1000,restrict=on'],
    ...(image === undefined ? [] : ['-drive', `file=${image},if=ide,index=0,snapshot=on${format === undefined ? '' : `,format=${format}`}`]),
    ...['-drive', `file=${payload.image},if=ide,index=1,format=raw`],
    ...(kernel === undefined ? [] : ['-kernel', kernel.image, '-initrd', kernel.initrd, '-append', kernel.commandLine]),
  ];
  const began = Date.now();
  const qemu = spawn('qemu-system-x86_64', parameters, { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [qemu.stdout, qemu.stderr]) stream.on('data', (chunk) => (said += String(chunk)));
  const ended = new Promise<number | null>((resolve, reject) => {
    qemu.on('error', (error) => reject(new Error(`cannot start qemu-system-x86_64: ${error.message}. Debian has it in the package qemu-system-x86.`)));
    qemu.on('close', resolve);
  });
  const late = new AbortController();
  const code = await Promise.race([
    ended,
    delay(options.timeoutMinutes * 60_000, 'late' as const, { signal: late.signal }).catch(() => null),
  ]).finally(() => late.abort());
  const seconds = Math.round((Date.now() - began) / 1000);
  const serial = (() => {
    try {
      return readFileSync(serialLog, 'utf8');
    } catch {
      return '';
    }
  })();
  if (code === 'late') {
    qemu.kill('SIGKILL');
    await ended;
    throw new Error(`the guest did not switch itself off within ${options.timeoutMinutes} minutes. Its serial port said last:\n${serial.slice(-2000)}`);
  }
  if (code !== 0) throw new Error(`QEMU ended with ${code}: ${said}`);
  if (image !== undefined && before !== undefined) {
    const after = statSync(image);
    if (after.mtimeMs !== before.mtimeMs || after.size !== before.size) throw new Error(`${image} was changed, and must not be`);
  }
  return { done: payload.read('done') !== undefined, results: payload.read('results.tap'), serial, seconds };
}
