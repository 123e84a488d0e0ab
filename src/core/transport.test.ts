import { expect, test } from 'vitest';
import { headerObjection, reservedHeader, secretObjection } from './transport.ts';

test.each(['Host', 'content-length', 'Webhook-Id', 'webhook-signature', 'webhook-anything', 'Transfer-Encoding'])(
  '%s belongs to the gateway',
  (name) => {
    expect(reservedHeader(name)).toBe(true);
    expect(headerObjection(name, 'x')).toBe('is set by the gateway');
  },
);

test.each(['', 'a b', 'a:b', 'a\nb', 'ä', 'x'.repeat(129)])('%j is no header name', (name) => {
  expect(headerObjection(name, 'x')).toBe('is not a header name');
});

test.each(['a\r\nb: c', 'a\nb', '\0', 'ü', 'x'.repeat(4097)])('%j is no header value', (value) => {
  expect(headerObjection('x-a', value)).toMatch(/printable ASCII/);
});

test('an ordinary header may be added', () => {
  expect(headerObjection('Authorization', 'Bearer abc.def=')).toBeUndefined();
  expect(headerObjection('X-Empty', '')).toBeUndefined();
});

test.each(['', 'whsec_', 'whsec_not base64', 'whsec_abc', 'whsec_abc-'])('%j is no signing secret', (secret) => {
  expect(secretObjection(secret)).toBeDefined();
});

test.each(['any text at all ✓', 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'whsec_YQ=='])(
  '%j is a signing secret',
  (secret) => {
    expect(secretObjection(secret)).toBeUndefined();
  },
);
