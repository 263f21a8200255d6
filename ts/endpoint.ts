/** Addresses with ports, as URLs have them: `1.2.3.4:80`, `[2001:db8::1]:80`. */

import { isIPv6 } from 'node:net';

export const hostText = (host: string): string => (isIPv6(host) ? `[${host}]` : host);

export const endpointText = (host: string, port: number): string => `${hostText(host)}:${port}`;
