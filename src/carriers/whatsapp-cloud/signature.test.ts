import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import type { Account, IntakeRequest } from '../../core/carrier.ts';
import { verify } from './signature.ts';

const account = (...secrets: string[]): Account => ({ settings: {}, secrets: { app_secret: secrets } });

// As Meta writes it: every backslash below is a byte of the body.
const escaped = String.raw`{"object":"whatsapp_business_account","entry":[{"id":"0","changes":[{"field":"messages","value":{"messaging_product":"whatsapp","messages":[{"type":"text","text":{"body":"caf\u00e9"},"url":"https:\/\/x"}]}}]}]}`;
const itsSignature = 'sha256=c3f8caf48fa395bcf1af0eb68370e0874f48b37cebf4cb15a0f8357755753cd6';

function request(body: string, signature?: string): IntakeRequest {
  const headers: Record<string, string> = signature === undefined ? {} : { 'x-hub-signature-256': signature };
  return { method: 'POST', url: new URL('https://gateway.example/in/con_1'), headers, body: Buffer.from(body) };
}

const sign = (secret: string, body: string) => `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;

test('the escaped body of the published vector is verified byte for byte', () => {
  expect(Buffer.byteLength(escaped)).toBe(210);
  expect(verify(request(escaped, itsSignature), account('test_app_secret'))).toBe('verified');
});

test('a body that was parsed and written again no longer fits its signature', () => {
  const rewritten = JSON.stringify(JSON.parse(escaped));
  expect(verify(request(rewritten, itsSignature), account('test_app_secret'))).toBe('wrong');
});

test('either of two secrets verifies while one is being rotated', () => {
  const both = account('newer', 'older');
  expect(verify(request('{}', sign('newer', '{}')), both)).toBe('verified');
  expect(verify(request('{}', sign('older', '{}')), both)).toBe('verified');
  expect(verify(request('{}', sign('oldest', '{}')), both)).toBe('wrong');
});

test('a header that is missing or empty is missing, any other form is wrong', () => {
  expect(verify(request('{}'), account('s'))).toBe('missing');
  expect(verify(request('{}', ''), account('s'))).toBe('missing');
  const right = sign('s', '{}');
  for (const odd of [
    'sha256=',
    right.slice(0, -1),
    `${right}0`,
    right.slice(7),
    `sha1=${right.slice(7)}`,
    `${right}, ${right}`,
  ]) {
    expect(verify(request('{}', odd), account('s'))).toBe('wrong');
  }
});

test('without a secret nothing is verified, not even what an empty secret signed', () => {
  expect(verify(request('{}', sign('', '{}')), { settings: {}, secrets: {} })).toBe('wrong');
});
