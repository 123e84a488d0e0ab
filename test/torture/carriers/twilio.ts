// Twilio: one message to a webhook, with up to ten files. It deletes its copy of each file that the gateway has stored, and
// the gateway looks for messages of the last hour that no webhook brought: here those that nobody has acknowledged yet.

import { bytesOf } from '../../../src/sandbox/bytes-of.ts';
import { twilioFaults } from '../../../src/sandbox/twilio/fault.ts';
import { signForm } from '../../../src/sandbox/twilio/post.ts';
import { startTwilioSandbox } from '../../../src/sandbox/twilio/sandbox.ts';
import { clock, fileType, type OpenTortureCarrier, type Wanted, type Webhook } from './torture-carrier.ts';

const accountSid = `AC${'a1'.repeat(16)}`;
const authToken = 'torture_auth_token';
const from = '+15017122661';

export const openTwilio: OpenTortureCarrier = async (folder) => {
  const twilio = await startTwilioSandbox({ clock, folder, accountSid, authTokens: [authToken] });
  let numbers = 0;

  async function webhook(intakeUrl: string, to: string, { files, late }: Wanted): Promise<Webhook> {
    const bodies = files.map(({ seed, size }) => ({ bytes: bytesOf(size, seed), type: fileType }));
    const { message, parameters } = await twilio.take({ from, to, body: 'some words', files: bodies });
    const [first] = message.media;
    if (first && late) twilio.fault(first.id, twilioFaults.not_found_yet, 1);
    return {
      headers: {
        'content-type': 'application/x-www-form-urlencoded; charset=UTF-8',
        'x-twilio-signature': signForm(intakeUrl, parameters, authToken),
      },
      body: Buffer.from(String(new URLSearchParams(parameters))).toString('base64'),
      messages: [{ id: message.sid, from, files: [...message.media] }],
    };
  }

  return {
    connection: {
      carrier: 'twilio',
      name: 'Twilio',
      account_sid: accountSid,
      auth_token: authToken,
      api_url: twilio.origin,
      delete_after_capture: true,
      reconcile_hours: 1,
    },
    mostFiles: 10,
    newChannel: () => ({ address: `+1555${String(++numbers).padStart(7, '0')}` }),
    webhooks: (intakeUrl, to, wanted) => Promise.all(wanted.map((one) => webhook(intakeUrl, to, one))),
    cutOnce: () => twilio.fault('*', twilioFaults.reset_mid_body, 1),
    calm: () => twilio.clearFaults(),
  };
};
