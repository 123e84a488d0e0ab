// What an endpoint of the dialect is set to; docs/dialects/wa-server.md lists it.

import { createHmac } from 'node:crypto';
import type { JsonObject } from '../../core/json.ts';
import { headerObjection } from '../../core/transport.ts';
import { oneOf, settingsReader } from '../endpoint-settings.ts';

/** On every webhook, equal to `request_id` in its body. */
export const requestIdHeader = 'X-WA-Request-ID';

const rendered: readonly string[] = ['content-type', requestIdHeader.toLowerCase()];

export const readSettings = settingsReader({
  types: oneOf('known', 'wide'),
  signature_header: (value) => {
    if (typeof value !== 'string') return 'must be the name of a header';
    return rendered.includes(value.toLowerCase()) ? 'is set by the gateway' : headerObjection(value, '');
  },
});

export type Settings = {
  /** Types that downloads tell: the seven that the vendor knows, the rest as octets; or every file's own. */
  types: 'known' | 'wide';
  /** The header that carries the signature: the vendor's page is cut before its name. */
  signatureHeader: string;
};

export const settingsOf = ({ types, signature_header }: JsonObject): Settings => ({
  types: types === 'wide' ? 'wide' : 'known',
  signatureHeader: typeof signature_header === 'string' ? signature_header : 'X-WA-Signature',
});

/** HMAC-SHA256 of the body in hex; its key is the text of the secret as it stands. */
export function sign(body: string, secret: string, settings: JsonObject): Record<string, string> {
  const signature = createHmac('sha256', secret).update(body).digest('hex');
  return { [settingsOf(settings).signatureHeader]: `sha256=${signature}` };
}
