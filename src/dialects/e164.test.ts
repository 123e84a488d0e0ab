import { expect, test } from 'vitest';
import type { Contact } from '../core/model.ts';
import { recipientOf, senderOf } from './e164.ts';
import { networkOf } from './network-of.ts';

const contact = (...identities: Contact['identities']): Contact => ({
  id: 'ctc_000000000000000000000000001',
  name: null,
  identities,
});

test('a sender is the number with its plus, else the id under which the carrier knows the person, else nobody', () => {
  const user = { kind: 'user_id', value: 'US.1349' } as const;
  expect(senderOf({ contact: contact(user, { kind: 'phone', value: '393331234567' }) })).toBe('+393331234567');
  expect(senderOf({ contact: contact(user) })).toBe('US.1349');
  expect(senderOf({ contact: contact() })).toBeNull();
  expect(senderOf({ contact: null })).toBeNull();
});

test.each([
  ['+1 (555) 078-3881', '106540352242922', '+15550783881'],
  ['15550783881', '106540352242922', '+15550783881'],
  // Nobody gave it a display: the carrier's id of the line is no number.
  ['106540352242922', '106540352242922', '106540352242922'],
  ['claims_agent', 'claims_agent', 'claims_agent'],
  ['Claims, 2nd floor', '106540352242922', 'Claims, 2nd floor'],
])('a line shown as %s with the address %s is %s', (channelDisplay, channelAddress, told) => {
  expect(recipientOf({ channelDisplay, channelAddress })).toBe(told);
});

test.each([
  ['whatsapp-cloud', 'whatsapp'],
  ['playground-whatsapp', 'whatsapp'],
  ['rcs-business', 'rcs'],
  ['twilio', 'sms'],
  ['playground-sms', 'sms'],
])('%s is the network %s', (carrier, network) => {
  expect(networkOf(carrier)).toBe(network);
});
