// Which addresses may be requested. Public ones over https; others, and http, only where the operator allowed it.
// A host is judged twice: here by its spelling, and each address of a name again when a connection is made, so that
// a name cannot lead to one address when it is checked and to another when it is used.

import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

export type GuardPolicy = {
  /** Ranges (CIDR) or single addresses that may be requested though they are not public, over http as well. */
  allowedRanges: readonly string[];
  /** `host:port` of what this process itself serves, allowed over http as well. */
  allowedOrigins?: readonly string[];
};

export type AddressGuard = {
  /** Why a URL may not be requested, judged by its spelling; undefined: it may, as far as the spelling tells. */
  objection(url: URL): string | undefined;
  /** Why an address may not be connected to over this protocol (`https:` or `http:`); undefined: it may. */
  objectionToAddress(address: string, protocol: string): string | undefined;
  /** Whether the policy names this very origin. */
  namesOrigin(host: string, port: string, protocol: string): boolean;
};

type Address = ipaddr.IPv4 | ipaddr.IPv6;
type Range = [Address, number];

const globalUnicast: Range = ipaddr.parseCIDR('2000::/3');
// RFC 6052 section 2.1: the well-known prefix, behind which a translator reaches the IPv4 address in the last 32 bits.
const translated: Range = ipaddr.parseCIDR('64:ff9b::/96');

/** @throws Error when a range of the policy is none */
export function addressGuard(policy: GuardPolicy): AddressGuard {
  const allowed = policy.allowedRanges.map(rangeOf);
  const origins = new Set(policy.allowedOrigins);

  const namesOrigin: AddressGuard['namesOrigin'] = (host, port, protocol) =>
    origins.has(`${host}:${port === '' ? defaultPort(protocol) : port}`);

  const objectionToAddress: AddressGuard['objectionToAddress'] = (text, protocol) => {
    if (isIP(text) === 0) return 'the address cannot be read';
    const address = destinationOf(ipaddr.parse(text));
    if (allowed.some((range) => isWithin(address, range))) return undefined;
    if (!isPublic(address)) return 'the address is not a public one';
    return protocol === 'https:' ? undefined : 'a public address must be requested over https';
  };

  return {
    objectionToAddress,
    namesOrigin,
    objection(url) {
      if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'only https can be requested';
      if (url.username !== '' || url.password !== '') return 'a URL must not hold credentials';
      if (namesOrigin(url.hostname, url.port, url.protocol)) return undefined;
      const literal = literalOf(url.hostname);
      if (literal !== undefined) return objectionToAddress(literal, url.protocol);
      return url.protocol === 'http:' && allowed.length === 0 ? 'it must be requested over https' : undefined;
    },
  };
}

/** The address that a URL's host spells; undefined when it is a name. The URL parser has already unified all spellings. */
function literalOf(hostname: string): string | undefined {
  const bare = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
  return isIP(bare) === 0 ? undefined : bare;
}

/** Where packets end: the IPv4 address inside a mapped or translated IPv6 address, else the address itself. */
function destinationOf(address: Address): Address {
  if (address.kind() === 'ipv4') return address;
  const bytes = address.toByteArray();
  const embeds = (address as ipaddr.IPv6).isIPv4MappedAddress() || isWithin(address, translated);
  return embeds ? new ipaddr.IPv4(bytes.slice(12)) : address;
}

// Outside 2000::/3 nothing is assigned for the public, yet the library calls some of it unicast: ::127.0.0.1 among others.
function isPublic(address: Address): boolean {
  if (address.range() !== 'unicast') return false;
  return address.kind() === 'ipv4' || isWithin(address, globalUnicast);
}

function isWithin(address: Address, range: Range): boolean {
  return address.kind() === range[0].kind() && address.match(range);
}

function rangeOf(text: string): Range {
  const family = isIP(text.split('/', 1)[0] ?? '');
  const range = text.includes('/') ? text : `${text}/${family === 4 ? 32 : 128}`;
  if (family !== 0 && ipaddr.isValidCIDR(range)) return ipaddr.parseCIDR(range);
  throw new Error(`"${text}" is neither an address nor a range such as 10.0.0.0/8`);
}

const defaultPort = (protocol: string): string => (protocol === 'https:' ? '443' : '80');
