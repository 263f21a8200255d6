/** Checks of arguments, before anything else happens: so they are the same on every platform. */

import { isIP, isIPv4, isIPv6 } from 'node:net';
import { inspect } from 'node:util';

import { LspError } from './errors.js';

export function invalidType(name: string, expected: string, received: unknown): LspError {
  return new LspError(`The argument '${name}' must be ${expected}. Received ${inspect(received)}`, {
    code: 'ERR_INVALID_ARG_TYPE',
  });
}

export function invalidValue(name: string, expected: string, received: unknown): LspError {
  return new LspError(`The argument '${name}' must be ${expected}. Received ${inspect(received)}`, {
    code: 'ERR_INVALID_ARG_VALUE',
  });
}

export function checkObject(value: unknown, name: string): asserts value is object {
  if (typeof value !== 'object' || value === null) throw invalidType(name, 'of type object', value);
}

export function checkText(value: unknown, name: string): asserts value is string {
  if (typeof value !== 'string') throw invalidType(name, 'of type string', value);
  if (value.includes('\0')) throw invalidValue(name, 'a string without null bytes', value);
}

export function checkNonEmptyText(value: unknown, name: string): asserts value is string {
  checkText(value, name);
  if (value === '') throw invalidValue(name, 'a string that is not empty', value);
}

export function checkBoolean(value: unknown, name: string): asserts value is boolean {
  if (typeof value !== 'boolean') throw invalidType(name, 'of type boolean', value);
}

export function checkInteger(value: unknown, name: string, first: number, last: number): asserts value is number {
  if (typeof value !== 'number') throw invalidType(name, 'of type number', value);
  if (!Number.isInteger(value) || value < first || value > last) {
    throw invalidValue(name, `an integer from ${first} to ${last}`, value);
  }
}

export function checkOneOf<T extends string>(value: unknown, name: string, allowed: readonly T[]): asserts value is T {
  if (typeof value !== 'string') throw invalidType(name, 'of type string', value);
  if (!(allowed as readonly string[]).includes(value)) {
    throw invalidValue(name, `one of: ${allowed.map((each) => `'${each}'`).join(', ')}`, value);
  }
}

/** Without an interface (`fe80::1%12`): the system's own look-ups take none. */
export function checkAddress(value: unknown, name: string): asserts value is string {
  checkText(value, name);
  if (isIP(value) === 0 || value.includes('%')) throw invalidValue(name, 'an IPv4 or IPv6 address', value);
}

const families = {
  4: { test: isIPv4, longest: 32, example: '10.8.0.2/24' },
  6: { test: isIPv6, longest: 128, example: 'fd00:8::2/64' },
} as const;
export type IpVersion = keyof typeof families;

export function checkAddressOf(version: IpVersion, value: unknown, name: string): asserts value is string {
  checkText(value, name);
  if (!families[version].test(value) || value.includes('%')) throw invalidValue(name, `an IPv${version} address`, value);
}

/** An address with the length of its subnet's prefix, as an interface has it. */
export function checkInterfaceAddress(version: IpVersion, value: unknown, name: string): asserts value is string {
  checkText(value, name);
  const { test, longest, example } = families[version];
  const [, address = '', length = ''] = value.match(/^([^/%]+)\/(\d{1,3})$/) ?? [];
  if (!test(address) || Number(length) > longest) {
    throw invalidValue(name, `an IPv${version} address with a prefix length, such as '${example}'`, value);
  }
}
