/** What the numbers of a WSAPROTOCOL_INFO mean, by the names that winsock2.h gives them. Pure. */

/** WSAPROTOCOL_INFO.dwServiceFlags1: what the protocol can do. */
export const serviceFlagBits = {
  XP1_CONNECTIONLESS: 0x0000_0001,
  XP1_GUARANTEED_DELIVERY: 0x0000_0002,
  XP1_GUARANTEED_ORDER: 0x0000_0004,
  XP1_MESSAGE_ORIENTED: 0x0000_0008,
  XP1_PSEUDO_STREAM: 0x0000_0010,
  XP1_GRACEFUL_CLOSE: 0x0000_0020,
  XP1_EXPEDITED_DATA: 0x0000_0040,
  XP1_CONNECT_DATA: 0x0000_0080,
  XP1_DISCONNECT_DATA: 0x0000_0100,
  XP1_SUPPORT_BROADCAST: 0x0000_0200,
  XP1_SUPPORT_MULTIPOINT: 0x0000_0400,
  XP1_MULTIPOINT_CONTROL_PLANE: 0x0000_0800,
  XP1_MULTIPOINT_DATA_PLANE: 0x0000_1000,
  XP1_QOS_SUPPORTED: 0x0000_2000,
  XP1_INTERRUPT: 0x0000_4000,
  XP1_UNI_SEND: 0x0000_8000,
  XP1_UNI_RECV: 0x0001_0000,
  XP1_IFS_HANDLES: 0x0002_0000,
  XP1_PARTIAL_MESSAGE: 0x0004_0000,
  XP1_SAN_SUPPORT_SDP: 0x0008_0000,
} as const;
export type ServiceFlag = keyof typeof serviceFlagBits;

/** WSAPROTOCOL_INFO.dwProviderFlags: what the entry is. */
export const providerFlagBits = {
  PFL_MULTIPLE_PROTO_ENTRIES: 0x01,
  PFL_RECOMMENDED_PROTO_ENTRY: 0x02,
  PFL_HIDDEN: 0x04,
  PFL_MATCHES_PROTOCOL_ZERO: 0x08,
  PFL_NETWORKDIRECT_PROVIDER: 0x10,
} as const;
export type ProviderFlag = keyof typeof providerFlagBits;

export interface Flags<Name extends string> {
  /** All bits, as Windows gives them. */
  value: number;
  /** Those that are set and have a name, lowest first. */
  names: Name[];
  /** The bits that are set and have none; 0 if there are no such. */
  unknown: number;
}

function decode<Name extends string>(bits: Readonly<Record<Name, number>>, value: number): Flags<Name> {
  const names = (Object.keys(bits) as Name[]).filter((name) => (value & bits[name]) !== 0);
  const known = names.reduce((sum, name) => sum | bits[name], 0);
  // >>> 0: JavaScript's bit operations give signed numbers.
  return { value, names, unknown: (value & ~known) >>> 0 };
}

export const decodeServiceFlags = (value: number): Flags<ServiceFlag> => decode(serviceFlagBits, value);
export const decodeProviderFlags = (value: number): Flags<ProviderFlag> => decode(providerFlagBits, value);

const addressFamilies = {
  0: 'AF_UNSPEC',
  1: 'AF_UNIX',
  2: 'AF_INET',
  6: 'AF_IPX',
  16: 'AF_APPLETALK',
  17: 'AF_NETBIOS',
  22: 'AF_ATM',
  23: 'AF_INET6',
  26: 'AF_IRDA',
  32: 'AF_BTH',
  34: 'AF_HYPERV',
  40: 'AF_VSOCK',
} as const;
export type AddressFamilyName = (typeof addressFamilies)[keyof typeof addressFamilies];

const socketTypes = {
  1: 'SOCK_STREAM',
  2: 'SOCK_DGRAM',
  3: 'SOCK_RAW',
  4: 'SOCK_RDM',
  5: 'SOCK_SEQPACKET',
} as const;
export type SocketTypeName = (typeof socketTypes)[keyof typeof socketTypes];

// A protocol number means something within its address family only.
const internetProtocols = {
  0: 'IPPROTO_IP',
  1: 'IPPROTO_ICMP',
  6: 'IPPROTO_TCP',
  17: 'IPPROTO_UDP',
  58: 'IPPROTO_ICMPV6',
  113: 'IPPROTO_RM',
  255: 'IPPROTO_RAW',
} as const;
const bluetoothProtocols = { 3: 'BTHPROTO_RFCOMM' } as const;
const hypervProtocols = { 1: 'HV_PROTOCOL_RAW' } as const;
export type ProtocolName =
  | (typeof internetProtocols)[keyof typeof internetProtocols]
  | (typeof bluetoothProtocols)[keyof typeof bluetoothProtocols]
  | (typeof hypervProtocols)[keyof typeof hypervProtocols];

const protocolsOf: Readonly<Record<number, Readonly<Record<number, ProtocolName>>>> = {
  2: internetProtocols,
  23: internetProtocols,
  32: bluetoothProtocols,
  34: hypervProtocols,
};

/** Null for a number that has no name here. */
export function addressFamilyName(family: number): AddressFamilyName | null {
  return (addressFamilies as Readonly<Record<number, AddressFamilyName>>)[family] ?? null;
}

export function socketTypeName(type: number): SocketTypeName | null {
  return (socketTypes as Readonly<Record<number, SocketTypeName>>)[type] ?? null;
}

export function protocolName(family: number, protocol: number): ProtocolName | null {
  return protocolsOf[family]?.[protocol] ?? null;
}
