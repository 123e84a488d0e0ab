import { expect, test } from 'vitest';
import type { Account, IntakeRequest } from '../../core/carrier.ts';
import { Fault } from '../../core/faults.ts';
import { challenge } from './challenge.ts';

const account: Account = { settings: {}, secrets: { client_token: ['newer', 'older'] } };

const request = (body: unknown, method: 'GET' | 'POST' = 'POST'): IntakeRequest => ({
  method,
  url: new URL('https://gateway.example/in/con_1'),
  headers: {},
  body: Buffer.from(JSON.stringify(body)),
});

test('whoever knows a client token gets the secret back as plain text', () => {
  for (const clientToken of ['newer', 'older']) {
    expect(challenge(request({ clientToken, secret: '1234567890' }), account)).toEqual({
      status: 200,
      type: 'text/plain; charset=utf-8',
      body: '1234567890',
    });
  }
});

test('a wrong or missing token, or a missing secret, is refused', () => {
  for (const body of [
    { clientToken: 'guess', secret: '1' },
    { clientToken: '', secret: '1' },
    { clientToken: ['newer'], secret: '1' },
    { clientToken: null, secret: '1' },
    { secret: '1' },
    { clientToken: 'newer' },
    { clientToken: 'newer', secret: '' },
    { clientToken: 'newer', secret: 1 },
  ]) {
    expect(() => challenge(request(body), account), JSON.stringify(body)).toThrow(Fault);
  }
});

test('a connection without a client token refuses every handshake', () => {
  const none: Account = { settings: {}, secrets: {} };
  expect(() => challenge(request({ clientToken: '', secret: '1' }), none)).toThrow(Fault);
});

test('what holds a message, is no POST, no object or too long for a handshake is none', () => {
  const handshake = { clientToken: 'newer', secret: '1' };
  expect(challenge(request({ ...handshake, message: { data: '' } }), account)).toBeUndefined();
  expect(challenge(request(handshake, 'GET'), account)).toBeUndefined();
  expect(challenge(request({ ...handshake, filling: 'x'.repeat(8192) }), account)).toBeUndefined();
  for (const body of [[], 'newer', null, {}]) expect(challenge(request(body), account)).toBeUndefined();
});
