// Each channel's token by a live call, and the clock by the time that the carriers' answers carry.

import { type Carrier, type ChannelSubject, type HopAnswer, isFailure } from '../../core/carrier.ts';
import { Fault } from '../../core/faults.ts';
import type { Clock } from '../../core/ids.ts';
import type { Channel } from '../../core/model.ts';
import type { Records } from '../../core/records.ts';
import { OutgoingError, type Requester } from '../../core/requester.ts';
import type { Sealer } from '../../core/sealing.ts';
import type { Accounts } from '../accounts.ts';
import { smallAnswer } from '../small-answer.ts';
import type { Look } from './doctor.ts';
import { type Finding, fail, ok, warn } from './finding.ts';

export type ChannelParts = {
  records: Pick<Records, 'listChannels'>;
  accounts: Accounts;
  carriers: ReadonlyMap<string, Carrier>;
  sealer: Sealer;
  requester: Requester;
  clock: Clock;
};

/** Beyond them a look would take too long and a carrier might mind. */
const mostChannels = 200;
const atOnce = 8;
const answerWithinMs = 8000;
/** Carriers say the time in whole seconds, and an answer is under way for a moment. */
const toleratedMs = 5000;
/** Receivers refuse signatures that are older than five minutes (Standard Webhooks). */
const harmfulMs = 4 * 60_000;

/** How far our clock is ahead, as one answer tells. */
type Ahead = { ms: number; host: string };

export function lookAtChannels(parts: ChannelParts): Look {
  return {
    check: 'channel',
    async look(signal) {
      const page = { limit: mostChannels, cursor: null };
      const { rows, next } = await parts.records.listChannels({ reach: { kind: 'instance' }, page });
      const ahead: Ahead[] = [];
      const findings: Finding[] = [];
      const waiting = rows.values();
      // Each takes the next channel when it is done with one.
      const worker = async () => {
        for (const channel of waiting) findings.push(await lookAt(channel, parts, signal, ahead));
      };
      await Promise.all(Array.from({ length: atOnce }, worker));
      if (rows.length === 0) findings.push(noChannel);
      if (next !== null) findings.push(notAll);
      return [...findings.toSorted((a, b) => (a.subject < b.subject ? -1 : 1)), clockOf(ahead)];
    },
  };
}

const noChannel = warn(
  'channel',
  'none',
  'There is no channel, so no message can belong to anybody.',
  'Set one up: mediadock channels create, or docs/carriers.',
);
const notAll = warn(
  'channel',
  'others',
  `Only the newest ${mostChannels} channels were looked at.`,
  'The metric mediadock_channel_token_valid tells of all.',
);

async function lookAt(channel: Channel, parts: ChannelParts, signal: AbortSignal, ahead: Ahead[]): Promise<Finding> {
  const { carriers, clock } = parts;
  const carrier = carriers.get(channel.carrier);
  if (carrier === undefined) {
    const remedy = 'Run a version that has this carrier, or delete the channel.';
    return fail('channel', channel.id, `The carrier ${channel.carrier} is not installed.`, remedy);
  }
  const subject = await subjectOf(channel, parts);
  if (subject === undefined) {
    const remedy =
      'Give the server the former MEDIADOCK_SECRET_KEY, or set the secrets of connection and channel anew.';
    return fail('channel', channel.id, 'Its secrets were sealed under another key and cannot be read.', remedy);
  }
  const hop = carrier.probe(subject);
  if (isFailure(hop)) return refused(channel, hop.reason);
  const host = new URL(hop.url).host;
  try {
    const asked = clock.now();
    const answer = await parts.requester.request({
      method: 'GET',
      url: hop.url,
      headers: hop.headers,
      headersTimeoutMs: answerWithinMs,
      signal,
    });
    const came = clock.now();
    const small = await smallAnswer(answer, answerWithinMs);
    const theirs = timeIn(small);
    if (theirs !== undefined) ahead.push({ ms: (asked + came) / 2 - theirs, host });
    return judged(channel, carrier, small, came, host);
  } catch (error) {
    if (!(error instanceof OutgoingError)) throw error;
    const remedy = `See that this machine reaches ${host} (DNS, firewall, proxy) and that graph_url of the connection is right.`;
    return fail('channel', channel.id, `${host} could not be asked: ${error.message}.`, remedy);
  }
}

function judged(channel: Channel, carrier: Carrier, answer: HopAnswer, now: number, host: string): Finding {
  const failure = carrier.judgeProbe(answer, now);
  if (failure === undefined) {
    if (channel.state !== 'paused') return ok('channel', channel.id, 'The carrier accepts its token.');
    const says = `The carrier accepts its token, but it is paused (${channel.reason}).`;
    return warn('channel', channel.id, says, 'It is probed every 15 minutes and resumes with the first success.');
  }
  if (failure.is !== 'transient') return refused(channel, failure.reason);
  return warn(
    'channel',
    channel.id,
    `${host} gives no clear answer now (${failure.reason}).`,
    'Try again in a moment.',
  );
}

const refused = (channel: Channel, reason: string): Finding =>
  fail(
    'channel',
    channel.id,
    `The carrier refuses its token (${reason}).`,
    `Give it a new one with the permissions that the carrier's page in docs/carriers names: PATCH /api/v1/channels/${channel.id}.`,
  );

/** undefined: what it needs cannot be unsealed. */
async function subjectOf(channel: Channel, parts: ChannelParts): Promise<ChannelSubject | undefined> {
  try {
    const open = await parts.accounts.of(channel.connectionId);
    if (open === undefined) throw new Error(`the connection ${channel.connectionId} is not there`);
    return { address: channel.address, account: open.account, channelSecrets: parts.sealer.open(channel.sealed) };
  } catch (error) {
    if (error instanceof Fault && error.code === 'secrets_unreadable') return undefined;
    throw error;
  }
}

/** RFC 9110 section 6.6.1. */
function timeIn({ headers }: HopAnswer): number | undefined {
  const time = Date.parse(headers['date'] ?? '');
  return Number.isNaN(time) ? undefined : time;
}

function clockOf(ahead: readonly Ahead[]): Finding {
  // The nearest to the truth: a slow or odd server does not make a clock wrong.
  const [nearest] = ahead.toSorted((a, b) => Math.abs(a.ms) - Math.abs(b.ms));
  if (nearest === undefined) {
    const remedy = 'Compare it yourself, with timedatectl for example.';
    return warn('clock', 'clock', 'No carrier answered with its time, so the clock could not be compared.', remedy);
  }
  const off = Math.round(Math.abs(nearest.ms) / 1000);
  if (Math.abs(nearest.ms) <= toleratedMs)
    return ok('clock', 'clock', `The clock agrees with that of ${nearest.host}.`);
  const says = `The clock is ${off} s ${nearest.ms > 0 ? 'ahead of' : 'behind'} that of ${nearest.host}.`;
  const remedy = 'Let this machine keep time by NTP (chrony, systemd-timesyncd): signatures and links depend on it.';
  return Math.abs(nearest.ms) >= harmfulMs
    ? fail('clock', 'clock', says, remedy)
    : warn('clock', 'clock', says, remedy);
}
