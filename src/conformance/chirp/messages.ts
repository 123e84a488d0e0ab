import { randomInt } from 'node:crypto';
import { isObject } from '../../core/json.ts';
import type { SandboxMessage } from '../../core/sandbox-desk.ts';
import { ask } from '../ask.ts';
import { type Form, must, mustFit } from '../form.ts';
import { type Check, type Heard, offered, type Target } from '../target.ts';
import { call, error, expectAnswer, fileMembers, messageId, received, smsId, textOrNull } from './forms.ts';

const headers = { 'x-webhook-secret': 'a secret of the customer' };

/** With a webhook that hears the receiver's address, for as long as `body` runs. */
async function listening<Found>(
  target: Target,
  key: string,
  events: string[],
  body: () => Promise<Found>,
): Promise<Found> {
  const { url } = offered(target, 'receiver');
  const made = await call(target, 'POST', '/v1/webhooks', { url, events, headers }, key);
  must(made.status === 201, `the webhook is answered with ${made.status}: ${made.text}`);
  try {
    return await body();
  } finally {
    await call(target, 'DELETE', `/v1/webhooks/${(made.json as { id: string }).id}`, undefined, key);
  }
}

/** A number that nobody else writes from, by which the webhook of a message is told from others. */
const stranger = (): string => `+39333${randomInt(1_000_000, 9_999_999)}`;

function fromIn({ json }: Heard): unknown {
  const data = isObject(json) ? json['data'] : undefined;
  const message = isObject(data) ? (data['message'] ?? data) : undefined;
  return isObject(message) ? message['from'] : undefined;
}

const heardFrom = (target: Target, from: string): Promise<Heard> =>
  offered(target, 'receiver').next((heard) => fromIn(heard) === from);

type Sent = { name: string; type: string; file?: SandboxMessage; caption?: string | null; filename?: string };

const bytes = new TextEncoder().encode('the bytes of a file that somebody sent');

async function* fileBytes(): AsyncGenerator<Uint8Array> {
  yield bytes;
}

const photo = { type: 'image/jpeg' };
const document = { type: 'application/pdf' };

const files: readonly Sent[] = [
  { name: 'a photo', type: 'image', file: photo },
  {
    name: 'a photo with a caption',
    type: 'image',
    file: { ...photo, caption: 'Der "Schaden" \u2028' },
    caption: 'Der "Schaden" \u2028',
  },
  { name: 'a video', type: 'video', file: { type: 'video/mp4' } },
  { name: 'a voice note', type: 'audio', file: { type: 'audio/ogg; codecs=opus' } },
  { name: 'a sound', type: 'audio', file: { type: 'audio/mpeg' } },
  { name: 'a document', type: 'document', file: { ...document, fileName: 'contract.pdf' }, filename: 'contract.pdf' },
  {
    name: 'a document with a path for a name',
    type: 'document',
    file: { ...document, fileName: '../../x' },
    filename: 'x',
  },
  { name: 'a sticker', type: 'sticker', file: { type: 'image/webp' } },
];

/** A file that was sent without a name may have got one from the carrier. */
function formOf({ type, file, caption = null, filename }: Sent): Form {
  const bare = file?.type?.split(';')[0] ?? '';
  const { file: facts, members } = fileMembers(bare, { caption, filename: filename ?? textOrNull });
  return received('messages.whatsapp.received', {
    type,
    text: caption,
    ...members,
    ...(type === 'audio' && { audio: { ...facts, isVoiceNote: bare === 'audio/ogg' } }),
    ...(type === 'sticker' && { sticker: { ...facts, isAnimated: false } }),
  });
}

const whatsapp = ['messages.whatsapp.received'];

export const messageChecks: readonly Check[] = [
  {
    name: "a text is told at once, with the customer's own headers",
    needs: ['inject', 'receiver'],
    async run(target) {
      await listening(target, target.key, whatsapp, async () => {
        const from = stranger();
        await offered(target, 'inject')({ from, text: 'Hello' });
        const heard = await heardFrom(target, from);
        mustFit(heard.json, received('messages.whatsapp.received', { from, text: 'Hello' }));
        must(heard.headers['x-webhook-secret'] === headers['x-webhook-secret'], 'the static header is missing');
        must(/^application\/json/.test(heard.headers['content-type'] ?? ''), 'the body is not said to be JSON');
      });
    },
  },
  ...files.map(
    (sent): Check => ({
      name: `${sent.name} is told with a link and an id, both of which lead to its bytes`,
      needs: ['inject', 'receiver'],
      async run(target) {
        await listening(target, target.key, whatsapp, async () => {
          const from = stranger();
          await offered(target, 'inject')({ from, ...sent.file, body: fileBytes() });
          const { json } = await heardFrom(target, from);
          mustFit(json, formOf(sent));
          const { message } = (json as { data: { message: { mediaUrl: string; mediaId: string } } }).data;
          const asked = await call(target, 'GET', `/v1/media/${message.mediaId}`);
          must(asked.status === 200, `its id is answered with ${asked.status}`);
          for (const url of [message.mediaUrl, (asked.json as { url: string }).url]) {
            const found = await ask(url);
            must(found.status === 200 && Buffer.from(found.bytes).equals(bytes), 'a link yields other bytes');
          }
        });
      },
    }),
  ),
  {
    name: 'a webhook hears only the events that it subscribed to',
    needs: ['inject', 'receiver'],
    async run(target) {
      const from = stranger();
      await listening(target, target.key, ['messages.sms.received', 'templates.whatsapp.created'], () =>
        offered(target, 'inject')({ from, text: 'Nobody listens' }),
      );
      const later = stranger();
      let early = false;
      await listening(target, target.key, whatsapp, async () => {
        await offered(target, 'inject')({ from: later, text: 'Somebody listens' });
        await offered(target, 'receiver').next((heard) => {
          early ||= fromIn(heard) === from;
          return fromIn(heard) === later;
        });
      });
      must(!early, 'it heard an event that it had not subscribed to');
    },
  },
];

const given = { from: '+393331234567', to: '+15550783801', text: 'Hello from a test' };

export const playgroundChecks: readonly Check[] = [
  {
    name: 'a message is simulated with a test key, and the webhook fires',
    needs: ['testKey', 'receiver'],
    async run(target) {
      const key = offered(target, 'testKey');
      const families = [
        ['whatsapp', messageId],
        ['sms', smsId],
      ] as const;
      for (const [family, id] of families) {
        const event = `messages.${family}.received`;
        await listening(target, key, [event], async () => {
          const from = stranger();
          const asked = call(target, 'POST', `/v1/playground/${family}/inbound`, { ...given, from }, key);
          await expectAnswer(asked, 202, { id, status: 'QUEUED' });
          const { json } = await heardFrom(target, from);
          const lists = { type: 'sms', subject: null, mediaUrls: [], mediaIds: [] };
          mustFit(json, received(event, { id, from, text: given.text, to: given.to, ...(family === 'sms' && lists) }));
        });
      }
    },
  },
  {
    name: 'the older form of an SMS comes to whom subscribes to the older name',
    needs: ['testKey', 'receiver'],
    async run(target) {
      const key = offered(target, 'testKey');
      await listening(target, key, ['MESSAGE_CREATED'], async () => {
        const from = stranger();
        await call(target, 'POST', '/v1/playground/sms/inbound', { ...given, from }, key);
        const { json } = await heardFrom(target, from);
        mustFit(json, {
          event: 'MESSAGE_CREATED',
          data: {
            id: smsId,
            from,
            to: given.to,
            text: given.text,
            subject: null,
            mediaUrls: [],
            type: 'SMS',
            direction: 'INBOUND',
            status: 'RECEIVED',
            createdAt: /Z$/,
          },
        });
      });
    },
  },
  {
    name: 'a live key cannot simulate, and is told why by a code',
    needs: [],
    async run(target) {
      const asked = call(target, 'POST', '/v1/playground/sms/inbound', given);
      await expectAnswer(asked, 403, error('authentication_error', { code: 'test_app_required' }));
    },
  },
  {
    name: 'a simulated message needs numbers in E.164 form and a text',
    needs: ['testKey'],
    async run(target) {
      const key = offered(target, 'testKey');
      const simulate = (body: object) => call(target, 'POST', '/v1/playground/whatsapp/inbound', body, key);
      const wrong = (param: string) => error('invalid_request_error', { code: 'invalid_phone_number', param });
      await expectAnswer(simulate({ ...given, from: '0333 123' }), 400, wrong('from'));
      await expectAnswer(simulate({ ...given, to: 'somebody' }), 400, wrong('to'));
      await expectAnswer(simulate({ ...given, text: '' }), 400, error('invalid_request_error', { param: 'text' }));
    },
  },
];
