// Webhooks as the WhatsApp Cloud API posts them: one image in each message, about 1 KB of JSON each.

import { createHmac, randomBytes } from 'node:crypto';

export type Sender = { phoneNumberIds: readonly string[]; appSecret: string };

/** What is read of a webhook by those who only store it. */
export type Webhook = {
  entry: {
    changes: {
      value: {
        metadata: { phone_number_id: string };
        contacts: { profile: { name: string }; wa_id: string }[];
        messages: {
          id: string;
          from: string;
          timestamp: string;
          type: string;
          image: { id: string; caption: string; mime_type: string; sha256: string };
        }[];
      };
    }[];
  }[];
};

const people = 1000;
// Brings a webhook of one message to 1 KB.
const caption = 'The front left side after the collision, taken from the pavement. '.repeat(3).trim();
/** Its process and time of start, so that no two processes write the same message. */
const series = randomBytes(6).toString('hex');
let messages = 0;

function messageOf(from: string, seconds: number): object {
  messages += 1;
  const id = `${series}${messages.toString(36).padStart(8, '0')}`;
  return {
    from,
    id: `wamid.HBgL${id}FQIAEhgUM0E${id}AA==`,
    timestamp: String(seconds),
    type: 'image',
    image: {
      caption,
      mime_type: 'image/jpeg',
      sha256: 'qCqcZ4bnfl0fv4y0k1n7m5a9x3sQ2w8e6r4t1y0u9i8=',
      id: String(1_000_000_000_000_000 + messages),
    },
  };
}

/** The body of one POST with so many messages of one person. */
export function webhookBody({ phoneNumberIds }: Sender, many: number): Buffer {
  const from = String(390_000_000_000 + (messages % people));
  const seconds = Math.floor(Date.now() / 1000);
  return Buffer.from(
    JSON.stringify({
      object: 'whatsapp_business_account',
      entry: [
        {
          id: '102290129340398',
          changes: [
            {
              value: {
                messaging_product: 'whatsapp',
                metadata: {
                  display_phone_number: '15550783881',
                  phone_number_id: phoneNumberIds[messages % phoneNumberIds.length],
                },
                contacts: [{ profile: { name: 'Mario Rossi' }, wa_id: from }],
                messages: Array.from({ length: many }, () => messageOf(from, seconds)),
              },
              field: 'messages',
            },
          ],
        },
      ],
    }),
  );
}

/** One POST over the wire. */
export function postOf(path: string, body: Buffer, appSecret: string): Buffer {
  const signature = createHmac('sha256', appSecret).update(body).digest('hex');
  const head =
    `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: facebookexternalua\r\nContent-Type: application/json\r\n` +
    `X-Hub-Signature-256: sha256=${signature}\r\nContent-Length: ${body.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), body]);
}
