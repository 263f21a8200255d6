/** SOCKS 5 proxies: log-ins for them, and whether one works. What leads programs through one is a rule (policy.ts). */

import { lookup } from 'node:dns/promises';
import { isIP, isIPv6 } from 'node:net';

import { withSignal } from './abort.js';
import { checkInteger, checkNonEmptyText, checkObject, checkText, invalidType, invalidValue } from './arguments.js';
import { endpointText } from './endpoint.js';
import { LspError, toLspError } from './errors.js';
import { callNative } from './native.js';

export interface ProxyLogin {
  /** 1 to 255 bytes in UTF-8. */
  user: string;
  /** 1 to 255 bytes in UTF-8. No error repeats it. */
  password: string;
}

export interface ProxyCredential {
  /** As a rule's `login NAME` names it. */
  name: string;
  /** Empty if somebody has emptied it in Credential Manager; then it cannot be used. */
  user: string;
  changedAt: Date;
}

export interface ProxyTestOptions {
  /** The name of a log-in of this user's. Without it the proxy is told that there is none. */
  login?: string | undefined;
  /**
   * `HOST:PORT` that the proxy is to connect to; an IPv6 address in brackets. A name is resolved by this machine, as it is for programs
   * that are led through a proxy. Without it only the greeting and the log-in are tried.
   */
  to?: string | undefined;
  /** Milliseconds for the connection and the whole dialogue, 1 to 30 000; 30 000 unless told. */
  timeout?: number | undefined;
  /** Ends the test; the promise rejects with ABORT_ERR. */
  signal?: AbortSignal | undefined;
}

export interface ProxyStep {
  /** `resolve`: the name in `to`; `connect`: to the proxy; `method`: the greeting; `login`; `request`: for the connection. */
  name: 'resolve' | 'connect' | 'method' | 'login' | 'request';
  milliseconds: number;
  /** What came of it, in words. */
  answer: string;
}

export interface ProxyTestReport {
  /** Whether all that was asked for went well. */
  ok: boolean;
  /** `ADDRESS:PORT`. */
  proxy: string;
  /** The address and port that the proxy was asked for; null without `to`. */
  destination: string | null;
  /** What was done, in its order; with an error, the last is what failed. */
  steps: ProxyStep[];
  /** What was not tried, and why; what is a risk. */
  remarks: string[];
  /**
   * What failed: ERR_NOT_SOCKS5, ERR_LOGIN_WANTED, ERR_LOGIN_REFUSED, ERR_PROXY_REFUSED (see `reply`), ERR_PROXY_CLOSED,
   * ERR_PROXY_TIMEOUT, ERR_NAME_NOT_RESOLVED, or what connecting to the proxy gave (WSAECONNREFUSED, …).
   */
  error: LspError | null;
  /** What the proxy answered to the request, as RFC 1928 §6 numbers it; null if it was not asked, or did not answer. */
  reply: number | null;
}

const longestTimeout = 30_000;
const longestText = 255;

/** As rules and tunnels are named. */
function checkName(value: unknown, name: string): asserts value is string {
  checkText(value, name);
  if (!/^[A-Za-z0-9._-]{1,64}$/.test(value)) throw invalidValue(name, '1 to 64 of A-Z a-z 0-9 . _ -', value);
}

/** What it received is not in the error. */
function checkSecret(value: unknown, name: string): asserts value is string {
  const refuse = (code: 'ERR_INVALID_ARG_TYPE' | 'ERR_INVALID_ARG_VALUE') => new LspError(`The argument '${name}' must be a string of 1 to ${longestText} bytes in UTF-8, without null bytes`, { code });
  if (typeof value !== 'string') throw refuse('ERR_INVALID_ARG_TYPE');
  const size = Buffer.byteLength(value);
  if (size < 1 || size > longestText || value.includes('\0')) throw refuse('ERR_INVALID_ARG_VALUE');
}

/** `1.2.3.4:1080`, `[2001:db8::1]:1080`, `host:1080`. */
function splitEndpoint(value: unknown, name: string): { host: string; port: number } {
  checkText(value, name);
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(value) ?? [];
  const host = bracketed ?? plain ?? '';
  const port = Number(digits);
  const right = bracketed === undefined ? host !== '' : isIPv6(host);
  if (!right || !(port >= 1 && port <= 65_535)) throw invalidValue(name, 'an address and a port, such as 127.0.0.1:1080 or [::1]:1080', value);
  return { host, port };
}

function checkNumeric(host: string, name: string, value: unknown): void {
  if (isIP(host) === 0 || host.includes('%')) throw invalidValue(name, "an IPv4 or IPv6 address and a port: a proxy's name could lead anywhere", value);
}

const isLoopback = (address: string): boolean => /^127\./.test(address) || /^(0*:)+0*1$/.test(address) || /^::ffff:127\./i.test(address);
/**
 * Keeps a log-in for proxies, or replaces the one of that name: a generic credential of this user's, `winsock-lsp/NAME`, on this
 * machine. No other user can read it; every program of this user's can. Windows' Credential Manager shows it, too.
 *
 * @param name 1 to 64 of `A-Z a-z 0-9 . _ -`; Windows does not tell case apart.
 * @throws LspError (rejects) what CredWriteW gives, such as ERROR_NO_SUCH_LOGON_SESSION where the session keeps no credentials;
 *   ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE; ERR_UNSUPPORTED_PLATFORM.
 *
 * Windows: CredWriteW.
 */
export async function setCredential(name: string, login: ProxyLogin): Promise<void> {
  checkName(name, 'name');
  if (typeof login !== 'object' || login === null) throw invalidType('login', 'of type object', typeof login);
  const { user, password } = login;
  checkSecret(user, 'login.user');
  checkSecret(password, 'login.password');
  await callNative((native) => native.setCredential(name, user, password));
}

/**
 * Deletes a log-in of this user's.
 *
 * @throws LspError (rejects) ERROR_NOT_FOUND: there is none of that name; what CredDeleteW gives; ERR_INVALID_ARG_TYPE,
 *   ERR_INVALID_ARG_VALUE; ERR_UNSUPPORTED_PLATFORM.
 *
 * Windows: CredDeleteW.
 */
export async function deleteCredential(name: string): Promise<void> {
  checkName(name, 'name');
  await callNative((native) => native.deleteCredential(name));
}

/**
 * This user's log-ins by name, without the passwords.
 *
 * @throws LspError what CredEnumerateW gives; ERR_UNSUPPORTED_PLATFORM.
 *
 * Windows: CredEnumerateW.
 */
export function listCredentials(): ProxyCredential[] {
  return callNative((native) => native.listCredentials()).map(({ changedAt, ...credential }) => ({
    ...credential,
    changedAt: new Date(changedAt),
  }));
}

interface Destination {
  address: string;
  port: number;
  step?: ProxyStep;
}

/** As this machine resolves it. */
async function resolveHost({ host, port }: { host: string; port: number }): Promise<Destination | { step: ProxyStep; error: LspError }> {
  if (isIP(host) !== 0) return { address: host, port };
  const begun = performance.now();
  const step = (answer: string): ProxyStep => ({ name: 'resolve', milliseconds: performance.now() - begun, answer });
  try {
    const { address } = await lookup(host);
    return { address, port, step: step(`this machine takes it for ${address}`) };
  } catch (cause) {
    const answer = 'this machine finds no address for it';
    const message = `Cannot find the address of ${host}: ${cause instanceof Error ? cause.message : String(cause)}. See that the name is right.`;
    return { step: step(answer), error: new LspError(message, { code: 'ERR_NAME_NOT_RESOLVED', cause }) };
  }
}

function remarksOn(host: string, login: string | undefined, asked: boolean, loginSent: boolean, failed: boolean): string[] {
  const remarks: string[] = [];
  if (login !== undefined && !isLoopback(host)) {
    const when = loginSent ? 'User name and password went' : 'User name and password would go';
    remarks.push(`${when} to ${host} in clear, as SOCKS 5 has it: whoever is on the way can read them.`);
  }
  if (!failed && login !== undefined && !loginSent) remarks.push('The log-in was not tried: the proxy wants none.');
  if (!failed && !asked) remarks.push('No connection was asked for: name a destination to see whether the proxy leads there.');
  return remarks;
}

/**
 * Tries a SOCKS 5 proxy: connects, greets, logs in, and has it connect to a destination, with the very code with which programs are led
 * through a proxy. The connection is ended then. What fails between this machine and the destination is in the report.
 *
 * The test is a program like others: rules that match it hold for its connection to the proxy.
 *
 * @param proxy `ADDRESS:PORT`, an IPv6 address in brackets.
 * @throws LspError (rejects) ERROR_NOT_FOUND: this user has no such log-in; ERR_INVALID_LOGIN: it cannot be used; what CredReadW and
 *   socket give; ABORT_ERR; ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE; ERR_UNSUPPORTED_PLATFORM.
 *
 * Windows: CredReadW, socket, connect, select, send, recv.
 */
export async function test(proxy: string, options: ProxyTestOptions = {}): Promise<ProxyTestReport> {
  const { host, port } = splitEndpoint(proxy, 'proxy');
  checkNumeric(host, 'proxy', proxy);
  checkObject(options, 'options');
  const { login, to, timeout = longestTimeout, signal } = options;
  if (login !== undefined) checkName(login, 'options.login');
  if (to !== undefined) checkNonEmptyText(to, 'options.to');
  const wanted = to === undefined ? undefined : splitEndpoint(to, 'options.to');
  checkInteger(timeout, 'options.timeout', 1, longestTimeout);

  return withSignal(signal, `try the proxy ${proxy}`, async (cancellation) => {
    // Loads the addon first, so that elsewhere than on Windows nothing is asked of anybody.
    const test = callNative((native) => native.testProxy);
    const found = wanted === undefined ? undefined : await resolveHost(wanted);
    const report = (fields: Pick<ProxyTestReport, 'steps' | 'error' | 'reply'>, loginSent: boolean): ProxyTestReport => ({
      ok: fields.error === null,
      proxy: endpointText(host, port),
      destination: found !== undefined && 'address' in found ? endpointText(found.address, found.port) : null,
      ...fields,
      remarks: remarksOn(host, login, wanted !== undefined, loginSent, fields.error !== null),
    });
    if (found !== undefined && 'error' in found) return report({ steps: [found.step], error: found.error, reply: null }, false);
    const { steps, loginSent, error, reply } = await callNative(() =>
      test({ address: host, port, login, destination: found?.address, destinationPort: found?.port, timeout }, cancellation),
    );
    const connected = steps.some(({ name }) => name === 'request') && error === null;
    return report(
      {
        steps: [...(found?.step === undefined ? [] : [found.step]), ...steps],
        error: error === null ? null : (toLspError(error) as LspError),
        reply: connected ? 0 : reply === 0 ? null : reply,
      },
      loginSent,
    );
  });
}
