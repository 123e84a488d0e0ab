import fc from 'fast-check';
import twilioPackage from 'twilio';
import { expect, test } from 'vitest';
import type { IntakeRequest } from '../../core/carrier.ts';
import { readConnection } from './settings.ts';
import { verify } from './signature.ts';

const { getExpectedTwilioSignature } = twilioPackage;

const zeros = '0'.repeat(32);
const accountOf = (token: string | string[]) => readConnection({ account_sid: `AC${zeros}`, auth_token: token });

function verdict(token: string, url: string, body: string, signature: string, type = 'x-www-form-urlencoded') {
  const headers = { 'content-type': `application/${type}`, 'x-twilio-signature': signature };
  return verify({ method: 'POST', url: new URL(url), headers, body: Buffer.from(body) }, accountOf(token));
}

const form = (parameters: Record<string, string>): string => String(new URLSearchParams(parameters));

/** Published at Twilio, or made with its libraries in other languages. */
const vectors = [
  {
    token: '12345',
    url: 'https://mycompany.com/myapp.php?foo=1&bar=2',
    parameters: {
      CallSid: 'CA1234567890ABCDE',
      Caller: '+14158675309',
      Digits: '1234',
      From: '+14158675309',
      To: '+18005551212',
    },
    signature: 'RSOYDt4T1cUTdK1PDd93/VVr8B8=',
  },
  {
    token: 'secret',
    url: 'https://gateway.example.com/webhooks/rcs',
    parameters: { Body: 'hi', From: 'rcs:+15551234567', MessageSid: 'SM1' },
    signature: 'QYB6bLhZa+Zesj+IEnLcbIkL8bA=',
  },
  {
    token: 'test_auth_token',
    url: 'https://gw.example.com/hooks/twilio?tenant=a',
    parameters: {
      AccountSid: `AC${zeros}`,
      ApiVersion: '2010-04-01',
      Body: 'café',
      From: 'whatsapp:+16505551234',
      MediaContentType0: 'image/jpeg',
      MediaUrl0: `https://api.twilio.com/2010-04-01/Accounts/AC${zeros}/Messages/MM${zeros}/Media/ME${zeros}`,
      MessageSid: `MM${zeros}`,
      NumMedia: '1',
      To: 'whatsapp:+14155238886',
    },
    signature: 'RBc1/S8ql0FBN+HWzFU9iKFpiwE=',
  },
];

test.each(vectors)('the published signature of $url is verified, in any order of its parameters', (vector) => {
  const { token, url, parameters, signature } = vector;
  expect(verdict(token, url, form(parameters), signature)).toBe('verified');
  const turned = Object.fromEntries(Object.entries(parameters).reverse());
  expect(verdict(token, url, form(turned), signature)).toBe('verified');
  expect(verdict(token, url, form({ ...parameters, Unknown: '' }), signature)).toBe('wrong');
  expect(verdict(`${token}x`, url, form(parameters), signature)).toBe('wrong');
});

test('the published signature of a JSON body is verified, and of that body only', () => {
  const hash = '0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620';
  const url = `https://mycompany.com/myapp.php?foo=1&bar=2&bodySHA256=${hash}`;
  const body = '{"property": "value", "boolean": true}';
  const signature = 'a9nBmqA0ju/hNViExpshrM61xv4=';
  expect(verdict('12345', url, body, signature, 'json')).toBe('verified');
  expect(verdict('12345', url, body.replace('true', 'fals'), signature, 'json')).toBe('wrong');
});

test("whatever Twilio's own package signs is verified: unknown names, empty, repeated and foreign values", () => {
  const parameters = fc.dictionary(
    fc.string({ minLength: 1, unit: 'grapheme' }).filter((name) => name.isWellFormed()),
    fc.array(
      fc.string({ unit: 'grapheme' }).filter((value) => value.isWellFormed()),
      { minLength: 1, maxLength: 3 },
    ),
  );
  fc.assert(
    fc.property(parameters, (given) => {
      const pairs = Object.entries(given).flatMap(([name, values]) =>
        values.map((value): [string, string] => [name, value]),
      );
      const signature = getExpectedTwilioSignature('token', 'https://gw.example/in/con_1', given);
      expect(verdict('token', 'https://gw.example/in/con_1', String(new URLSearchParams(pairs)), signature)).toBe(
        'verified',
      );
    }),
  );
});

test.each([
  ['https://gw.example/in/con_1', 'https://gw.example:443/in/con_1'],
  ['https://gw.example:8443/in/con_1', 'https://gw.example/in/con_1'],
  ['http://gw.example/in/con_1', 'http://gw.example:80/in/con_1'],
  ["https://gw.example/in/con_1?who=o'neil", 'https://gw.example/in/con_1?who=o%27neil'],
  ['https://gw.example/in/con_1?a=%2B1+2', 'https://gw.example/in/con_1?a=%2B1%202'],
])('called as %s, it may have been signed as %s', (called, signed) => {
  const signature = getExpectedTwilioSignature('token', signed, { Body: 'hi' });
  expect(verdict('token', called, 'Body=hi', signature)).toBe('verified');
});

test.each([
  ['https://gw.example/in/con_1', 'http://gw.example/in/con_1'],
  ['https://gw.example/in/con_1', 'https://gw.example/in/con_2'],
  ['https://gw.example/in/con_1', 'https://gw.example.evil.example/in/con_1'],
  ['https://gw.example/in/con_1', 'https://gw.example/in/con_1?tenant=b'],
])('called as %s, it is not verified by a signature for %s', (called, signed) => {
  expect(verdict('token', called, 'Body=hi', getExpectedTwilioSignature('token', signed, { Body: 'hi' }))).toBe(
    'wrong',
  );
});

test('a GET is refused, because only the bytes of a POST can be kept', () => {
  const url = new URL('https://gw.example/in/con_1?Body=hi');
  const signature = getExpectedTwilioSignature('token', url.href, {});
  const request: IntakeRequest = {
    method: 'GET',
    url,
    headers: { 'x-twilio-signature': signature },
    body: Buffer.of(),
  };
  expect(verify(request, accountOf('token'))).toBe('wrong');
});

test('a form of more parameters than any message has is refused before it is sorted', () => {
  const url = 'https://gw.example/in/con_1';
  const parameters = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, at) => [`p${at}`, 'x']));
  const said = (count: number) =>
    verdict('token', url, form(parameters(count)), getExpectedTwilioSignature('token', url, parameters(count)));
  expect([said(1000), said(1001)]).toEqual(['verified', 'wrong']);
});
