import { createHash } from 'node:crypto';
import { invalid } from '../../core/faults.ts';
import type { Clock } from '../../core/ids.ts';
import type { SandboxFile, SandboxMessage } from '../../core/sandbox-desk.ts';
import { accepted } from '../post.ts';
import type { FileToSend } from '../send.ts';
import type { SimulatedCarrier } from '../simulated-carrier.ts';
import { startTwilioSandbox } from './sandbox.ts';

const number = '+15558675310';
const somebody = '+15017122661';

/** @param secret the auth token */
export async function simulatedTwilio(clock: Clock, folder: string, secret: string): Promise<SimulatedCarrier> {
  // The same at each start, like the secret.
  const accountSid = `AC${createHash('sha256').update(secret).digest('hex').slice(0, 32)}`;
  const twilio = await startTwilioSandbox({ clock, folder, accountSid, authTokens: [secret] });
  return {
    name: 'twilio',
    origins: [twilio.origin, twilio.storeOrigin].map((origin) => new URL(origin).host),
    connection: {
      lasting: { account_sid: accountSid, auth_token: secret },
      addresses: { api_url: twilio.origin },
    },
    channel: { address: number, display: number },
    async send(url, message, signal) {
      const { from, text, caption, body } = message;
      if (body === undefined && text === undefined) throw invalid('query.text', 'is needed when there is no file');
      const words = body === undefined ? text : caption;
      const { message: sent, answer } = await twilio.send(
        url,
        {
          from: from === undefined ? somebody : `+${from.replace(/^\+/, '')}`,
          to: number,
          files: filesOf(message),
          ...(words !== undefined && { body: words }),
        },
        { signal },
      );
      accepted(answer);
      return { carrierMessageId: sent.sid, mediaId: sent.media[0]?.id ?? null };
    },
    close: twilio.close,
  };
}

const mostFiles = 10;

async function* filesOf({ body, type, fileName, furtherFiles = [] }: SandboxMessage): AsyncGenerator<FileToSend> {
  if (body === undefined) return;
  let files = 1;
  yield fileOf({ body, ...(type !== undefined && { type }), ...(fileName !== undefined && { fileName }) });
  for await (const file of furtherFiles) {
    files += 1;
    if (files > mostFiles) throw invalid('body', `a message has at most ${mostFiles} files`);
    yield fileOf(file);
  }
}

const fileOf = ({ body, type = 'application/octet-stream', fileName }: SandboxFile): FileToSend => ({
  bytes: body,
  type,
  ...(fileName !== undefined && { fileName }),
});
