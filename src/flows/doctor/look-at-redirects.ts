import type { Look } from './doctor.ts';
import { type Finding, ok, warn } from './finding.ts';

/** A host that redirects led to since the server started. */
export type RedirectSeen = { host: string; refused: boolean };

const mostHosts = 100;

/** Remembers the hosts that redirects led to, up to a hundred. */
export function redirectMemory(): { saw(host: string, refused: boolean): void; all(): RedirectSeen[] } {
  const hosts = new Map<string, boolean>();
  return {
    saw(host, refused) {
      if (hosts.has(host) || hosts.size < mostHosts) hosts.set(host, refused);
    },
    all: () => [...hosts].map(([host, refused]) => ({ host, refused })),
  };
}

/** Where carriers redirected downloads to: a firewall that lets only known hosts out must know these too. */
export function lookAtRedirects(seen: () => readonly RedirectSeen[]): Look {
  return {
    check: 'redirects',
    async look() {
      const all = seen();
      if (all.length === 0) return [ok('redirects', 'none', 'No download was redirected since the server started.')];
      return all.map(findingOf);
    },
  };
}

const findingOf = ({ host, refused }: RedirectSeen): Finding =>
  refused
    ? warn(
        'redirects',
        host,
        'A download was redirected there and not followed, because the address is not a public one.',
        'If that is your own proxy or store, allow its network with MEDIADOCK_ALLOW_PRIVATE_NETWORKS; else ask why a carrier points there.',
      )
    : ok('redirects', host, 'Downloads are redirected there; a firewall must let them through.');
