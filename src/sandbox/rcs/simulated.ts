import { invalid } from '../../core/faults.ts';
import type { Clock } from '../../core/ids.ts';
import { accepted } from '../post.ts';
import type { SimulatedCarrier } from '../simulated-carrier.ts';
import { rcsContents } from './events.ts';
import { startRcsSandbox } from './sandbox.ts';

/** @param secret the client token */
export async function simulatedRcs(clock: Clock, folder: string, secret: string): Promise<SimulatedCarrier> {
  const agentId = 'sandbox@rbm.goog';
  const google = await startRcsSandbox({ clock, folder, agentId, clientToken: secret });
  const { host } = new URL(google.origin);
  return {
    name: 'rcs',
    origins: [host],
    connection: {
      lasting: { client_token: secret },
      addresses: { api_url: google.origin, media_hosts: [host] },
    },
    channel: { address: agentId, display: 'Sandbox agent' },
    async send(url, { from, text, caption, fileName, type, body }, signal) {
      const sender = from === undefined ? {} : { from: `+${from.replace(/^\+/, '')}` };
      const say = async (words: string) => {
        const { messageId, event } = google.events.message(rcsContents.text(words), sender);
        accepted(await google.push(url, event, { signal }));
        return messageId;
      };
      if (body === undefined) {
        if (text === undefined) throw invalid('query.text', 'is needed when there is no file');
        return { carrierMessageId: await say(text), mediaId: null };
      }
      const facts = { type: type ?? 'application/octet-stream', ...(fileName !== undefined && { fileName }) };
      const sent = await google.send(url, { file: { bytes: body, ...facts } }, sender, { signal });
      accepted(sent.answer);
      // A file has no caption: what is written beside it is a message of its own.
      if (caption !== undefined) await say(caption);
      return { carrierMessageId: sent.messageId, mediaId: sent.file.media.id };
    },
    close: google.close,
  };
}
