// Opens connections for the requester. Names are looked up here and every address of the answer is judged; the
// connection is made to the addresses that were judged, never to a second answer.

import type { LookupAddress } from 'node:dns';
import { lookup as systemLookup } from 'node:dns/promises';
import type { LookupFunction } from 'node:net';
import { buildConnector } from 'undici';
import { OutgoingError } from '../core/requester.ts';
import type { AddressGuard } from './address-guard.ts';

/** All addresses of a name. @throws an error with a `code` such as ENOTFOUND */
export type Lookup = (hostname: string) => Promise<LookupAddress[]>;

const systemAddresses: Lookup = (hostname) => systemLookup(hostname, { all: true });

/** @param timeoutMs limit for the look-up and the connection together, TLS included */
export function guardedConnector(
  guard: AddressGuard,
  timeoutMs: number,
  lookup: Lookup = systemAddresses,
): buildConnector.connector {
  // HTTP/2 would let one connection carry many downloads, and with them one stall.
  const connector = (judge?: Judge) =>
    buildConnector({ timeout: timeoutMs, allowH2: false, lookup: judgedLookup(lookup, judge) });
  const overHttps = connector((address) => guard.objectionToAddress(address, 'https:'));
  const overHttp = connector((address) => guard.objectionToAddress(address, 'http:'));
  const toOurselves = connector();

  return (options, callback) => {
    const { hostname, port, protocol } = options;
    if (guard.namesOrigin(hostname, port, protocol)) toOurselves(options, callback);
    else if (protocol === 'https:') overHttps(options, callback);
    else overHttp(options, callback);
  };
}

type Judge = (address: string) => string | undefined;

/** The form of look-up that `net.connect` calls, for names only: literals never come here. */
function judgedLookup(lookup: Lookup, judge: Judge = () => undefined): LookupFunction {
  return (hostname, options, callback) => {
    const fail = (error: NodeJS.ErrnoException) => callback(error, '');
    lookup(hostname).then((addresses) => {
      const objection = addresses.map(({ address }) => judge(address)).find((said) => said !== undefined);
      const first = addresses[0];
      if (objection !== undefined) fail(new OutgoingError('refused', `${objection}, to which the name leads`));
      else if (first === undefined) fail(new OutgoingError('dns', 'the name has no address'));
      else if (options.all === true) callback(null, addresses);
      else callback(null, first.address, first.family);
    }, fail);
  };
}
