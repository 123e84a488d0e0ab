// What Twilio does towards a webhook address: a signed form, once.

import { createHash, createHmac } from 'node:crypto';
import { type Dispatcher, request } from 'undici';
import type { Posted } from '../post.ts';

export type Parameters = Readonly<Record<string, string>>;

export type TwilioPostOptions = {
  authToken: string;
  /** The address as it was entered at Twilio, which is what is signed; by default the one that is called. */
  signedUrl?: string;
  signature?: 'right' | 'missing' | 'wrong';
  /** Parameters that are added after signing. */
  alterAfterSigning?: Parameters;
  /** As JSON, its hash in the query. */
  json?: boolean;
  signal?: AbortSignal;
};

/** Address, then names and values in the order of the names (Twilio, "Security"). */
export function signForm(url: string, parameters: Parameters, authToken: string): string {
  const names = Object.keys(parameters).sort();
  const signed = url + names.map((name) => name + parameters[name]).join('');
  return createHmac('sha1', authToken).update(signed).digest('base64');
}

export async function postForm(
  dispatcher: Dispatcher,
  url: string,
  parameters: Parameters,
  options: TwilioPostOptions,
): Promise<Posted> {
  const text = JSON.stringify(parameters);
  const query = options.json ? `?bodySHA256=${createHash('sha256').update(text).digest('hex')}` : '';
  const token = options.signature === 'wrong' ? `not ${options.authToken}` : options.authToken;
  const signature = signForm((options.signedUrl ?? url) + query, options.json ? {} : parameters, token);
  const sent = { ...parameters, ...options.alterAfterSigning };
  const start = performance.now();
  const limit = AbortSignal.timeout(15_000);
  const done = (answer: Pick<Posted, 'status' | 'body' | 'error'>): Posted => ({
    ...answer,
    durationMs: performance.now() - start,
    tries: 1,
  });
  try {
    const answer = await request(url + query, {
      dispatcher,
      method: 'POST',
      headers: {
        'content-type': options.json ? 'application/json' : 'application/x-www-form-urlencoded; charset=UTF-8',
        'user-agent': 'TwilioProxy/1.1',
        ...(options.signature !== 'missing' && { 'x-twilio-signature': signature }),
      },
      body: options.json ? text : String(new URLSearchParams(sent)),
      signal: options.signal === undefined ? limit : AbortSignal.any([options.signal, limit]),
    });
    return done({ status: answer.statusCode, body: await answer.body.text(), error: null });
  } catch (error) {
    return done({ status: null, body: '', error: String(error) });
  }
}
