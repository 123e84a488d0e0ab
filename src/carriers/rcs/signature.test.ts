import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import type { Account, IntakeRequest } from '../../core/carrier.ts';
import { verify } from './signature.ts';

const account = (...tokens: string[]): Account => ({ settings: {}, secrets: { client_token: tokens } });

// A signature made elsewhere, over data with nine digits of a second, which no parser would write so again.
const token = 'SJENCPGJESMGUFPY';
const decoded =
  '{"agentId":"a@rbm.goog","senderPhoneNumber":"+12223334444","messageId":"M1","sendTime":"2018-12-31T15:01:23.045123456Z","text":"Hello"}';
const data =
  'eyJhZ2VudElkIjoiYUByYm0uZ29vZyIsInNlbmRlclBob25lTnVtYmVyIjoiKzEyMjIzMzM0NDQ0IiwibWVzc2FnZUlkIjoiTTEiLCJzZW5kVGltZSI6IjIwMTgtMTItMzFUMTU6MDE6MjMuMDQ1MTIzNDU2WiIsInRleHQiOiJIZWxsbyJ9';
const signature = 'Gc5+iO7PTclfKiC4WWUeJii6Tyh7asLaWbEKOHUYns6yXoT0rugXMyXnxmgP6B6Epm8ZSjzSqLoGN/CNmdL7kw==';

function push(body: unknown, header?: string): IntakeRequest {
  const headers: Record<string, string> = header === undefined ? {} : { 'x-goog-signature': header };
  const bytes = Buffer.from(JSON.stringify(body));
  return { method: 'POST', url: new URL('https://gateway.example/in/con_1'), headers, body: bytes };
}

const signed = (key: string, over: string): string => createHmac('sha512', key).update(over).digest('base64');

test('the known vector is verified over the decoded data, whatever the envelope around it', () => {
  expect(Buffer.from(data, 'base64').toString()).toBe(decoded);
  for (const message of [{ data }, { data, messageId: '1', message_id: '1', attributes: { business_id: 'b' } }]) {
    expect(verify(push({ message }, signature), account(token))).toBe('verified');
  }
});

test('a signature over the base64, over the whole body, in hex or of another hash is wrong', () => {
  const body = JSON.stringify({ message: { data } });
  for (const wrong of [
    signed(token, data),
    signed(token, body),
    createHmac('sha512', token).update(decoded).digest('hex'),
    createHmac('sha256', token).update(decoded).digest('base64'),
    signature.slice(0, -2),
    `${signature}, ${signature}`,
    signature.replaceAll('+', '-').replaceAll('/', '_'),
  ]) {
    expect(verify(push({ message: { data } }, wrong), account(token)), wrong).toBe('wrong');
  }
});

test('either of two client tokens verifies while one is being rotated, and no third', () => {
  for (const [key, verdict] of [
    [token, 'verified'],
    ['newer', 'verified'],
    ['older', 'wrong'],
  ] as const) {
    expect(verify(push({ message: { data } }, signed(key, decoded)), account('newer', token))).toBe(verdict);
  }
});

test('a push without signature is told apart from one that is wrong', () => {
  expect(verify(push({ message: { data } }), account(token))).toBe('missing');
  expect(verify(push({ message: { data } }, ''), account(token))).toBe('missing');
});

test('what is no push, or carries nothing, is verified by no signature', () => {
  for (const body of [
    null,
    [],
    {},
    { message: data },
    { message: {} },
    { message: { data: '' } },
    { message: { data: 7 } },
  ]) {
    expect(verify(push(body, signed(token, '')), account(token)), JSON.stringify(body)).toBe('wrong');
  }
});

test('without a client token nothing is verified, not even what an empty one signed', () => {
  expect(verify(push({ message: { data } }, signed('', decoded)), { settings: {}, secrets: {} })).toBe('wrong');
});
