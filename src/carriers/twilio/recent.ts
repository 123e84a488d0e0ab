// What came in lately, by the list of messages: newest first, by pages. A message in it is told again in the words of its
// webhook, so that one parser reads both. https://www.twilio.com/docs/messaging/api/message-resource

import { type Account, isFailure, type Listed, type Recent } from '../../core/carrier.ts';
import type { JsonObject } from '../../core/json.ts';
import { foreignId } from '../../core/text.ts';
import { boundedObject, listOf, member, readJson } from '../json-reading.ts';
import { accountHop, judgeStatus } from './fetch.ts';
import { accountUrl, channelByService, reconcileHours } from './settings.ts';

const pageSize = 50;
const factBytes = 64 * 1024;
const hourMs = 60 * 60 * 1000;

export const recent: Recent = {
  span: (account) => reconcileHours(account) * hourMs,

  page(account, since, next) {
    const first = new URLSearchParams({ PageSize: String(pageSize), 'DateSent>': new Date(since).toISOString() });
    return accountHop(account, `/Messages.json?${next ?? first}`, 'answer');
  },

  readPage(account, answer, now) {
    const page = readJson(answer.body);
    const messages = member(page, 'messages');
    if (answer.status !== 200) return judgeStatus(answer, now);
    if (!Array.isArray(messages)) return { is: 'transient', reason: 'look_up_without_link' };
    // Of the address of the next page only its query counts: credentials go where our own settings say.
    const next = /\/Messages\.json\?(.*)$/.exec(String(member(page, 'next_page_uri')))?.[1] ?? null;
    return { listed: messages.flatMap((message) => readListed(account, message)), next };
  },

  webhook(account, { facts }, more, now) {
    if (more !== null && more.status !== 200) return judgeStatus(more, now);
    const files = more === null ? [] : listOf(member(readJson(more.body), 'media_list'));
    return {
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: Buffer.from(String(new URLSearchParams({ ...parametersOf(facts), ...filesOf(account, facts, files) }))),
    };
  },
};

function readListed(account: Account, message: unknown): Listed[] {
  const text = (name: string): string | undefined => foreignId(member(message, name));
  const sid = text('sid');
  const address = (channelByService(account) ? text('messaging_service_sid') : undefined) ?? text('to');
  const sentAt = Date.parse(text('date_sent') ?? text('date_created') ?? '');
  const isOne = sid !== undefined && /^[SM]M[0-9a-f]{32}$/i.test(sid) && address !== undefined && sentAt > 0;
  if (!isOne || text('direction') !== 'inbound') return [];
  const facts = boundedObject(Object.fromEntries(told.map(([theirs]) => [theirs, member(message, theirs)])), factBytes);
  const hop = Number(facts['num_media']) > 0 ? accountHop(account, `/Messages/${sid}/Media.json`, 'answer') : null;
  return [{ carrierMessageId: sid, address, sentAt, facts, more: hop === null || isFailure(hop) ? null : hop }];
}

/** What a message is called in the list, and in a webhook. */
const told: [list: string, webhook: string][] = [
  ['sid', 'MessageSid'],
  ['account_sid', 'AccountSid'],
  ['messaging_service_sid', 'MessagingServiceSid'],
  ['from', 'From'],
  ['to', 'To'],
  ['body', 'Body'],
  ['num_media', 'NumMedia'],
  ['date_sent', 'DateSent'],
];

const parametersOf = (facts: JsonObject): Record<string, string> =>
  Object.fromEntries(
    told.flatMap(([theirs, ours]) => {
      const value = facts[theirs];
      return typeof value === 'string' || typeof value === 'number' ? [[ours, String(value)]] : [];
    }),
  );

const filesOf = (account: Account, facts: JsonObject, files: unknown[]): Record<string, string> =>
  Object.fromEntries(
    files.flatMap((file, at) => {
      const sid = foreignId(member(file, 'sid'));
      const url = `${accountUrl(account)}/Messages/${facts['sid']}/Media/${sid}`;
      const type = foreignId(member(file, 'content_type'));
      if (sid === undefined) return [];
      return [[`MediaUrl${at}`, url], ...(type === undefined ? [] : [[`MediaContentType${at}`, type]])];
    }),
  );
