import { expect, test } from 'vitest';
import type { Account, IntakeRequest } from '../../core/carrier.ts';
import { Fault } from '../../core/faults.ts';
import { challenge } from './challenge.ts';

const account: Account = { settings: {}, secrets: { verify_token: ['meaty & ham', 'older'] } };

const request = (query: string, method: 'GET' | 'POST' = 'GET'): IntakeRequest => ({
  method,
  url: new URL(`https://gateway.example/in/con_1${query}`),
  headers: {},
  body: new Uint8Array(),
});

const code = (query: string): string => {
  try {
    return `answered ${challenge(request(query), account)?.body}`;
  } catch (error) {
    if (error instanceof Fault) return error.code;
    throw error;
  }
};

test('the challenge is echoed as plain text to whoever knows a verify token', () => {
  const answer = challenge(
    request('?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=meaty%20%26%20ham'),
    account,
  );
  expect(answer).toEqual({ status: 200, type: 'text/plain; charset=utf-8', body: '1158201444' });
  expect(code('?hub.challenge=7&hub.verify_token=older&hub.mode=subscribe')).toBe('answered 7');
});

test('a query that is wrong, short of a part, or repeats one is refused', () => {
  for (const query of [
    '?hub.mode=subscribe&hub.challenge=1&hub.verify_token=wrong',
    '?hub.mode=subscribe&hub.challenge=1&hub.verify_token=',
    '?hub.mode=subscribe&hub.challenge=1',
    '?hub.mode=subscribe&hub.verify_token=older',
    '?hub.mode=unsubscribe&hub.challenge=1&hub.verify_token=older',
    '?hub.challenge=1&hub.verify_token=older',
    '?hub.mode=subscribe&hub.challenge=1&hub.verify_token=wrong&hub.verify_token=older',
    '?hub.mode=subscribe&hub.challenge=1&hub.challenge=2&hub.verify_token=older',
    '?hub.mode=subscribe&hub.challenge=1&hub.verify_token[]=older',
  ]) {
    expect(code(query), query).toBe('challenge_refused');
  }
});

test('a connection without a verify token refuses every challenge', () => {
  const none: Account = { settings: {}, secrets: {} };
  expect(() => challenge(request('?hub.mode=subscribe&hub.challenge=1&hub.verify_token=x'), none)).toThrow(Fault);
});

test('a request that is no handshake has no answer here', () => {
  expect(challenge(request('?utm=1'), account)).toBeUndefined();
  expect(
    challenge(request('?hub.mode=subscribe&hub.challenge=1&hub.verify_token=older', 'POST'), account),
  ).toBeUndefined();
});
