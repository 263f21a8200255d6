/** Windows' names for the numbers in a catalog entry (winsock2.h, ws2def.h). */

const addressFamilies: Record<number, string> = {
  0: 'AF_UNSPEC',
  1: 'AF_UNIX',
  2: 'AF_INET',
  6: 'AF_IPX',
  16: 'AF_APPLETALK',
  17: 'AF_NETBIOS',
  23: 'AF_INET6',
  26: 'AF_IRDA',
  32: 'AF_BTH',
  34: 'AF_HYPERV',
};

const socketTypes: Record<number, string> = {
  1: 'SOCK_STREAM',
  2: 'SOCK_DGRAM',
  3: 'SOCK_RAW',
  4: 'SOCK_RDM',
  5: 'SOCK_SEQPACKET',
};

const protocols: Record<number, string> = {
  0: 'IPPROTO_IP',
  1: 'IPPROTO_ICMP',
  3: 'BTHPROTO_RFCOMM',
  6: 'IPPROTO_TCP',
  17: 'IPPROTO_UDP',
  58: 'IPPROTO_ICMPV6',
  113: 'IPPROTO_PGM',
  255: 'IPPROTO_RAW',
};

// By bit, from the lowest.
const providerFlags = [
  'PFL_MULTIPLE_PROTO_ENTRIES',
  'PFL_RECOMMENDED_PROTO_ENTRY',
  'PFL_HIDDEN',
  'PFL_MATCHES_PROTOCOL_ZERO',
  'PFL_NETWORKDIRECT_PROVIDER',
] as const;

const serviceFlags = [
  'XP1_CONNECTIONLESS',
  'XP1_GUARANTEED_DELIVERY',
  'XP1_GUARANTEED_ORDER',
  'XP1_MESSAGE_ORIENTED',
  'XP1_PSEUDO_STREAM',
  'XP1_GRACEFUL_CLOSE',
  'XP1_EXPEDITED_DATA',
  'XP1_CONNECT_DATA',
  'XP1_DISCONNECT_DATA',
  'XP1_SUPPORT_BROADCAST',
  'XP1_SUPPORT_MULTIPOINT',
  'XP1_MULTIPOINT_CONTROL_PLANE',
  'XP1_MULTIPOINT_DATA_PLANE',
  'XP1_QOS_SUPPORTED',
  'XP1_INTERRUPT',
  'XP1_UNI_SEND',
  'XP1_UNI_RECV',
  'XP1_IFS_HANDLES',
  'XP1_PARTIAL_MESSAGE',
  'XP1_SAN_SUPPORT_SDP',
] as const;

/** The names of the bits that are set; `<prefix>_0x…` for a bit that has none. */
function flagNames(flags: number, names: readonly string[], prefix: string): string[] {
  const result: string[] = [];
  for (let bit = 0; bit < 32; ++bit) {
    if (((flags >>> bit) & 1) === 1) result.push(names[bit] ?? `${prefix}_0x${(2 ** bit).toString(16)}`);
  }
  return result;
}

export const addressFamilyName = (number: number): string => addressFamilies[number] ?? `AF_${number}`;
export const socketTypeName = (number: number): string => socketTypes[number] ?? `SOCK_${number}`;
export const protocolName = (number: number): string => protocols[number] ?? `IPPROTO_${number}`;
export const providerFlagNames = (flags: number): string[] => flagNames(flags, providerFlags, 'PFL');
export const serviceFlagNames = (flags: number): string[] => flagNames(flags, serviceFlags, 'XP1');
