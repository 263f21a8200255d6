/** Fresh keys and certificates for each run, made by the openssl command. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './processes.js';

export interface Identity {
  certificate: string;
  key: string;
}

export interface Keys {
  authority: string;
  server: Identity;
  client: Identity;
  /** Of openvpn.exe, which has a session of its own beside the client's (openvpn_exe.ts). */
  openvpnExe: Identity;
}

const extensions = `
[authority]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash

[server]
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid

[client]
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
`;

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-sha256'];

/** Writes an authority and one identity each for server and client into `directory`; valid for a day. */
export async function createKeys(directory: string): Promise<Keys> {
  const file = (name: string) => join(directory, name);
  const configuration = file('extensions.cnf');
  writeFileSync(configuration, `[req]\ndistinguished_name = name\n[name]\n${extensions}`);

  const authority: Identity = { certificate: file('authority.crt'), key: file('authority.key') };
  await run([
    ...['openssl', 'req', '-x509', ...newKey, '-days', '1', '-subj', '/CN=winsock-lsp test authority'],
    ...['-config', configuration, '-extensions', 'authority'],
    ...['-keyout', authority.key, '-out', authority.certificate],
  ]);

  const identity = async (name: string, usage: 'server' | 'client', serial: string): Promise<Identity> => {
    const certificate = file(`${name}.crt`);
    const key = file(`${name}.key`);
    const request = file(`${name}.csr`);
    await run([
      ...['openssl', 'req', '-new', ...newKey, '-subj', `/CN=${name}`, '-config', configuration],
      ...['-keyout', key, '-out', request],
    ]);
    await run([
      ...['openssl', 'x509', '-req', '-in', request, '-sha256', '-days', '1'],
      ...['-CA', authority.certificate, '-CAkey', authority.key, '-set_serial', serial],
      ...['-extfile', configuration, '-extensions', usage, '-out', certificate],
    ]);
    return { certificate, key };
  };

  return {
    authority: authority.certificate,
    server: await identity('server', 'server', '1'),
    client: await identity('client', 'client', '2'),
    openvpnExe: await identity('openvpn.exe', 'client', '3'),
  };
}
