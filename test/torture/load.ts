// What goes on around the gateway while it lives: webhooks in batches, copies of them, channels that come and go, files
// that are deleted, and a consumer that reads events from where it stopped. Whoever got no answer asks again, as a carrier
// or an application would, also of the next gateway.

import { setTimeout as pause } from 'node:timers/promises';
import type { SeededFile, Wanted, Webhook } from './carriers/torture-carrier.ts';
import { messageKey, type Promised } from './ledger.ts';
import type { World } from './world.ts';

const kib = 1024;
const mib = 1024 * kib;
const eventsPage = 200;
/** The load goes easy while so many messages are under way, however slow the machine. */
const mostUnderWay = 200;

type Posted = { webhook: Webhook; promised: Promised[] };

export type Load = {
  /** Goes on until the signal fires. */
  run(signal: AbortSignal): Promise<void>;
  /** Everything that waits for an answer gets it. @throws when nobody answers */
  finish(): Promise<void>;
  /** The consumer reads to the end. */
  consumeAll(): Promise<void>;
};

export function loadOf(world: World): Load {
  const { chance, ledger } = world;
  const unanswered: Posted[] = [];
  const deleting: string[] = [];
  const destroying: { id: string; address: string }[] = [];
  const sent: SeededFile[] = [];
  let cursor: string | null = null;

  function size(): number {
    const kind = chance.next();
    if (kind < 0.75) return chance.whole(20 * kib, 100 * kib);
    if (kind < 0.95) return chance.whole(100 * kib, mib);
    if (kind < 0.99) return chance.whole(mib, 4 * mib);
    return 16 * mib;
  }

  /** A new file, or one that was sent before. */
  function file(bytes: number): SeededFile {
    const again = chance.hits(0.3) ? chance.pick(sent) : undefined;
    if (again !== undefined) return again;
    const made = { seed: `file-${sent.length}`, size: bytes };
    sent.push(made);
    return made;
  }
  const small = (): SeededFile => file(chance.whole(1, 20 * kib));

  function wanted(): Wanted {
    if (chance.hits(0.1)) return { files: [] };
    const most = world.carrier.mostFiles;
    const further = most > 1 && chance.hits(0.2) ? chance.whole(1, most - 1) : 0;
    return { files: [file(size()), ...Array.from({ length: further }, small)], late: chance.hits(0.05) };
  }

  async function compose(address: string, wants: Wanted[]): Promise<Posted[]> {
    const webhooks = await world.webhooks(address, wants);
    return webhooks.map((webhook) => ({
      webhook,
      promised: webhook.messages.map(({ from, id, files }) => ({ key: messageKey(from, id), address, files })),
    }));
  }

  /** @returns whether it was acknowledged */
  async function post({ webhook, promised }: Posted): Promise<boolean> {
    const copies = chance.hits(0.15) ? 2 : 1;
    ledger.counts.webhooks += 1;
    ledger.counts.duplicates += copies - 1;
    const statuses = await Promise.all(Array.from({ length: copies }, () => world.post(webhook)));
    for (const status of statuses) {
      if (status === 503) ledger.counts.refused += 1;
      else if (status !== null && status !== 200) world.surprises.push(`a webhook was answered with ${status}`);
    }
    if (!statuses.includes(200)) return false;
    ledger.acknowledge(promised);
    return true;
  }

  async function postSome(): Promise<void> {
    if (ledger.underWay.size >= mostUnderWay && unanswered.length === 0) return;
    if (chance.hits(0.05)) await world.carrier.cutOnce();
    const waiting = unanswered.shift();
    const messages = chance.hits(0.3) ? chance.whole(2, 5) : 1;
    const posted = waiting ? [waiting] : await compose(world.address, Array.from({ length: messages }, wanted));
    await Promise.all(
      posted.map(async (one) => {
        if (!(await post(one))) unanswered.push(one);
      }),
    );
  }

  /** A channel that is destroyed while its files are on their way; then the sweep has something to do. */
  async function comeAndGo(): Promise<void> {
    const channel = destroying.shift() ?? (await bornChannel());
    if (channel === undefined) return;
    const answer = await world.call('DELETE', `/api/v1/channels/${channel.id}`);
    if (answer?.status === 204 || answer?.status === 404) ledger.destroy(channel.address);
    else destroying.push(channel);
    await world.sweep();
  }

  async function bornChannel(): Promise<{ id: string; address: string } | undefined> {
    const channel = await world.addChannel();
    if (channel === undefined) return undefined;
    // Nobody promises these: their channel does not outlive them.
    const posted = await compose(channel.address, [{ files: [small()] }, { files: [small()] }]);
    await Promise.all(posted.map(post));
    return channel;
  }

  async function deleteOne(): Promise<void> {
    const id = deleting.shift() ?? chance.pick([...ledger.links.values()])?.media;
    if (id === undefined || ledger.deleted.has(id)) return;
    const answer = await world.call('DELETE', `/api/v1/media/${id}`);
    if (answer?.status === 204) ledger.delete(id);
    else deleting.push(id);
  }

  /** @returns whether there may be more */
  async function consume(): Promise<boolean> {
    const after = cursor === null ? '' : `&after=${encodeURIComponent(cursor)}`;
    const answer = await world.call('GET', `/api/v1/events?limit=${eventsPage}${after}`);
    if (answer?.status !== 200) return false;
    ledger.consume(answer.body.data.map(({ id }: { id: string }) => id));
    cursor = answer.body.next;
    return answer.body.data.length === eventsPage;
  }

  return {
    async run(signal) {
      const often = async (everyMs: number, act: () => Promise<unknown>) => {
        while (!signal.aborted) {
          await act();
          await pause(chance.whole(everyMs / 2, everyMs), undefined, { signal }).catch(() => {});
        }
      };
      await Promise.all([
        often(120, postSome),
        often(120, postSome),
        often(200, deleteOne),
        often(100, consume),
        often(300, comeAndGo),
      ]);
    },

    async finish() {
      for (let tries = 0; unanswered.length + deleting.length + destroying.length > 0; tries++) {
        if (tries > 10_000) throw new Error('the gateway that nobody kills any more does not answer');
        if (unanswered.length > 0) await postSome();
        if (deleting.length > 0) await deleteOne();
        if (destroying.length > 0) await comeAndGo();
      }
    },

    async consumeAll() {
      while (await consume());
    },
  };
}
