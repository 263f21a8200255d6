/** Reads what the base provider wrote to the file that TEST_WINSOCK_RECORD names (README.md has the fields). */

import { existsSync, readFileSync } from 'node:fs';

export interface RecordedCall {
  process: number;
  sequence: number;
  call: string;
  socket?: number;
  family?: number;
  type?: number;
  protocol?: number;
  address?: string;
  port?: number;
  level?: number;
  option?: number;
  code?: number;
  /** Bytes, hexadecimal. */
  value?: string;
  /** WSASendMsg's control data, hexadecimal, and what it means. */
  control?: string;
  pktinfo?: { source: string; interface: number };
  /** Of control-changed: the bytes, hexadecimal; no `is` where the memory is gone. */
  was?: string;
  is?: string;
  /** Of control-checked. */
  count?: number;
  /** What the call answered and its Winsock error; missing while it has not ended. */
  result?: number;
  error?: number;
}

/** The calls in the order in which they arrived, each with its result. */
export function readRecording(path: string): RecordedCall[] {
  const calls: RecordedCall[] = [];
  // By process and sequence number; a process id comes again, and then the call without a result is the newer one.
  const latest = new Map<string, RecordedCall>();
  if (!existsSync(path)) return calls;
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    if (line === '') continue;
    const part = JSON.parse(line) as RecordedCall;
    const key = `${part.process}/${part.sequence}`;
    if (part.result !== undefined) {
      Object.assign(latest.get(key) ?? {}, part);
    } else {
      calls.push(part);
      latest.set(key, part);
    }
  }
  return calls;
}
