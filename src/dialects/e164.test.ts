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
  expect(recipientOf({ channelDisplay, channelAddress, context: null })).toBe(told);
});

test.each([
  ['whatsapp-cloud', 'whatsapp'],
  ['playground-whatsapp', 'whatsapp'],
  ['rcs-business', 'rcs'],
  ['twilio', 'sms'],
  ['playground-sms', 'sms'],
])('%s is the network %s', (carrier, network) => {
  expect(networkOf({ carrier, channelAddress: '+15550783881', context: null })).toBe(network);
});

test.each([
  ['whatsapp:+14155238886', null, 'whatsapp', '+14155238886'],
  ['rcs:growing_tree_bank', null, 'rcs', 'growing_tree_bank'],
  ['+15558675310', null, 'sms', '+15558675310'],
  ['12345', null, 'sms', '12345'],
  ['MG0123456789abcdef0123456789abcdef', { to: 'whatsapp:+14155238886' }, 'whatsapp', '+14155238886'],
  ['MG0123456789abcdef0123456789abcdef', { to: 'rcs:growing_tree_bank' }, 'rcs', 'growing_tree_bank'],
  ['MG0123456789abcdef0123456789abcdef', { to: '+15558675310' }, 'sms', '+15558675310'],
])('what came through Twilio to %s with the context %o is %s, to %s', (channelAddress, context, network, to) => {
  expect(networkOf({ carrier: 'twilio', channelAddress, context })).toBe(network);
  expect(recipientOf({ channelAddress, channelDisplay: channelAddress, context })).toBe(to);
  expect(recipientOf({ channelAddress, channelDisplay: '+1 555 0100', context })).toBe('+15550100');
});
