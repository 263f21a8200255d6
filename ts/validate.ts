/** Argument checks, with Node's codes and wording. They come before anything else, on every platform. */

import { isIPv4, isIPv6 } from 'node:net';
import { inspect } from 'node:util';
import { ArgumentError } from './errors.js';

function invalidType(name: string, expected: string, received: unknown): ArgumentError {
  return new ArgumentError(
    'ERR_INVALID_ARG_TYPE',
    `The "${name}" argument must be ${expected}. Received ${inspect(received, { depth: 0 })}`,
  );
}

export function invalidValue(name: string, expected: string, received: unknown): ArgumentError {
  return new ArgumentError('ERR_INVALID_ARG_VALUE', `The argument '${name}' must be ${expected}. Received ${inspect(received)}`);
}

export function checkOptions(value: unknown, name: string): void {
  if (typeof value !== 'object' || value === null) throw invalidType(name, 'of type object', value);
}

export function checkText(value: unknown, name: string): asserts value is string {
  if (typeof value !== 'string') throw invalidType(name, 'of type string', value);
  if (value === '' || value.includes('\0')) throw invalidValue(name, 'a string that is not empty, without null bytes', value);
}

export function checkFlag(value: unknown, name: string): asserts value is boolean {
  if (typeof value !== 'boolean') throw invalidType(name, 'of type boolean', value);
}

export function checkInteger(value: unknown, name: string, minimum: number, maximum: number): asserts value is number {
  if (typeof value !== 'number') throw invalidType(name, 'of type number', value);
  if (!Number.isInteger(value) || value < minimum || value > maximum) {
    throw invalidValue(name, `an integer from ${minimum} to ${maximum}`, value);
  }
}

export function checkWord<Word extends string>(value: unknown, name: string, words: readonly Word[]): asserts value is Word {
  if (typeof value !== 'string') throw invalidType(name, 'of type string', value);
  if (!words.some((word) => word === value)) {
    throw invalidValue(name, `one of: ${words.map((word) => `'${word}'`).join(', ')}`, value);
  }
}

type Family = 4 | 6;
const familyName = (family: Family | undefined): string => (family === undefined ? 'IPv4 or IPv6' : `IPv${family}`);

function isAddress(text: string, family: Family | undefined): boolean {
  if (text.includes('%')) return false; // Node takes a zone for a part of the address
  return (family !== 6 && isIPv4(text)) || (family !== 4 && isIPv6(text));
}

export function checkAddress(value: unknown, name: string, family?: Family): asserts value is string {
  if (typeof value !== 'string') throw invalidType(name, 'of type string', value);
  if (!isAddress(value, family)) throw invalidValue(name, `an ${familyName(family)} address, not a host name`, value);
}

/** An address with the length of its subnet's prefix in bits, as in `10.8.0.2/24`; alone it stands for itself only. */
export function checkPrefix(value: unknown, name: string, family: Family): asserts value is string {
  if (typeof value !== 'string') throw invalidType(name, 'of type string', value);
  const [, address = '', length] = value.match(/^([^/]*)(?:\/(0|[1-9]\d{0,2}))?$/) ?? [];
  if (!isAddress(address, family) || Number(length ?? 0) > (family === 4 ? 32 : 128)) {
    throw invalidValue(name, `an ${familyName(family)} address with its prefix length, such as '${family === 4 ? '10.8.0.2/24' : 'fd00::2/64'}'`, value);
  }
}
