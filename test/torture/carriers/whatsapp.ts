// WhatsApp: several messages to a webhook, one file to a message; a file that is sent again keeps its media id.

import { bytesOf } from '../../../src/sandbox/bytes-of.ts';
import { somebody } from '../../../src/sandbox/compose/person.ts';
import type { KeptMedia } from '../../../src/sandbox/kept-media.ts';
import { startSandbox } from '../../../src/sandbox/sandbox.ts';
import { clock, fileType, type OpenTortureCarrier, type SeededFile } from './torture-carrier.ts';

const appSecret = 'torture_app_secret';

export const openWhatsApp: OpenTortureCarrier = async (folder) => {
  const sandbox = await startSandbox({ clock, folder });
  const { compose } = sandbox;
  const kept = new Map<string, Promise<KeptMedia>>();
  let numbers = 0;

  function keep(phoneNumberId: string, { seed, size }: SeededFile): Promise<KeptMedia> {
    const key = `${phoneNumberId} ${seed}`;
    const known = kept.get(key);
    if (known !== undefined) return known;
    const facts = { type: fileType, fileName: `${seed}.bin` };
    const media = sandbox.keep(phoneNumberId, { bytes: bytesOf(size, seed) }, facts);
    kept.set(key, media);
    return media;
  }

  return {
    connection: {
      carrier: 'whatsapp-cloud',
      name: 'Meta',
      app_secret: appSecret,
      verify_token: 'meatyhamhock',
      graph_url: sandbox.origin,
    },
    mostFiles: 1,
    newChannel() {
      const number = ++numbers;
      const phoneNumberId = String(106_540_352_000_000 + number);
      const display = String(15_550_000_000 + number);
      const accessToken = `EAAG-token-${number}`;
      sandbox.addNumber({ phoneNumberId, display, accessToken, appSecret });
      return { address: phoneNumberId, display: `+${display}`, access_token: accessToken };
    },
    async webhooks(_, phoneNumberId, wanted) {
      const composed = await Promise.all(
        wanted.map(async ({ files: [file], late }) => {
          const media = file && (await keep(phoneNumberId, file));
          if (media && late) sandbox.fault(media.id, { at: 'link', is: 'status', status: 404 }, 1);
          const message = compose.message(media ? compose.media(media) : compose.contents.text('no file'));
          return { message, files: media ? [media] : [] };
        }),
      );
      const parts = composed.map(({ message }) => message);
      const body = sandbox.escape(compose.body([compose.received(phoneNumberId, parts)]));
      const headers = {
        'content-type': 'application/json',
        'x-hub-signature-256': sandbox.sign(body, appSecret),
      };
      const messages = composed.map(({ message: { id }, files }) => ({ id, from: `+${somebody.phone}`, files }));
      return [{ headers, body: Buffer.from(body).toString('base64'), messages }];
    },
    cutOnce: () => sandbox.fault('*', { at: 'link', is: 'reset', when: 'mid_body' }, 1),
    calm: () => sandbox.clearFaults(),
  };
};
