// Messages as the account's webhook hears them. The server under test must have been told the receiver's address.

import { createHmac } from 'node:crypto';
import { isObject } from '../../core/json.ts';
import type { SandboxMessage } from '../../core/sandbox-desk.ts';
import { must, mustFit } from '../form.ts';
import { type Check, type Heard, offered, type Target } from '../target.ts';
import { fileAt, media, stranger, webhook } from './forms.ts';

const bytes = new TextEncoder().encode('the bytes of a file that somebody sent');

async function* fileBytes(): AsyncGenerator<Uint8Array> {
  yield bytes;
}

type Body = { entry: { changes: { value: { messages: { from: string }[] } }[] }[] };

/** Sends a message and gives what the webhook heard of it. */
async function heard(target: Target, from: string, message: SandboxMessage): Promise<Heard> {
  await offered(target, 'inject')({ from, ...message });
  return await offered(target, 'receiver').next(
    ({ json }) => isObject(json) && (json as Body).entry?.[0]?.changes[0]?.value.messages[0]?.from === from.slice(1),
  );
}

export const webhookChecks: readonly Check[] = [
  {
    name: 'a text comes by webhook in Meta’s form, with a member of its own',
    needs: ['inject', 'receiver'],
    async run(target) {
      const from = stranger();
      const { json, method, headers } = await heard(target, from, { text: 'Is it insured? 🚗' });
      mustFit(json, webhook(from, 'text', { body: 'Is it insured? 🚗' }));
      must(method === 'POST', `it is told by ${method}`);
      must(/^application\/json/.test(headers['content-type'] ?? ''), 'the body is not said to be JSON');
    },
  },
  {
    name: 'a document comes by webhook with a path that leads to its bytes',
    needs: ['inject', 'receiver'],
    async run(target) {
      const from = stranger();
      const file = { type: 'application/pdf', fileName: 'contract.pdf', caption: 'Unterschrieben' };
      const { json } = await heard(target, from, { ...file, body: fileBytes() });
      const substance = {
        id: /./,
        mime_type: 'application/pdf',
        caption: 'Unterschrieben',
        filename: 'contract.pdf',
      };
      mustFit(json, webhook(from, 'document', substance, media('application/pdf', bytes.length, 'contract.pdf')));
      const { pipes } = json as { pipes: { media: { downloadUrl: string } } };
      const { status, bytes: found } = await fileAt(target, pipes.media.downloadUrl);
      must(status === 200 && Buffer.from(found).equals(bytes), 'the path leads to other bytes');
    },
  },
  {
    name: 'a webhook is signed with the secret as it stands, in lower-case hex',
    needs: ['inject', 'receiver', 'secret'],
    async run(target) {
      const { headers, body } = await heard(target, stranger(), { text: 'signed' });
      const due = createHmac('sha256', offered(target, 'secret')).update(body).digest('hex');
      must(headers['x-pipes-signature'] === due, `x-pipes-signature is ${headers['x-pipes-signature']}`);
    },
  },
];
