// Files that are not fetched on arrival, and applications that ask for a file.

import { expect, test } from 'vitest';
import type { Id, Millis } from '../../../src/core/ids.ts';
import type { EventType } from '../../../src/core/model.ts';
import type { CaptureResult, Records } from '../../../src/core/records.ts';
import {
  capturesAt,
  claim,
  day,
  deliveriesAt,
  everything,
  file,
  firstPage,
  type Home,
  home,
  hour,
  minute,
  type Open,
  retryAt,
  second,
  settings,
  settle,
  settleDelivery,
  start,
  sweepAll,
} from './rig.ts';

/** Dialects that speak of answers and not, whose messages wait for nothing. */
const speaking = {
  ...settings,
  policies: {
    ...settings.policies,
    asking: { hold: 'none', parts: 'message', speaks: ['message.received', 'media.stored', 'media.answered'] },
    plain: { hold: 'none', parts: 'message', speaks: ['message.received', 'media.stored', 'media.unavailable'] },
  },
} as const satisfies typeof settings;

const ask = async (records: Records, at: Home, id: string, now: Millis = start) =>
  await records.askMedia({ reach: at.reach, id, now });

const endNext = async (records: Records, now: Millis, result: CaptureResult) => {
  const [job] = await capturesAt(records, now);
  if (job === undefined) throw new Error('no capture is due');
  return await settle(records, job, now, result);
};

const eventsAbout = async (records: Records, at: Home, types: EventType[]): Promise<EventType[]> =>
  (await records.listEvents({ reach: at.reach, types, page: firstPage })).rows.map(({ type }) => type);

const answers = async (records: Records, at: Home): Promise<number> =>
  (await eventsAbout(records, at, ['media.answered'])).length;

/** What is due at every endpoint, all delivered. */
const told = async (records: Records, now: Millis): Promise<string[]> => {
  const jobs = await deliveriesAt(records, now);
  for (const job of jobs) await settleDelivery(records, job, now, { to: 'delivered' });
  return jobs.map(({ event, endpoint }) => `${endpoint.dialect} ${event.type} ${event.media?.state}`).sort();
};

/** A message with one file, which every endpoint has been told of. */
const receiveTold = async (records: Records, at: Home) => {
  const message = await at.receive();
  await told(records, start);
  return message.media[0]?.id as Id<'media'>;
};

export function askingClaims(name: string, open: Open): void {
  test(`${name}: kinds that an app does not want on arrival stay with their carrier; voice notes are a kind of their own`, async () => {
    const { records } = await open();
    const at = await home(records, { autoDownload: ['image', 'voice'] });
    const { media } = await at.receive({
      media: [
        claim({ kind: 'image' }),
        claim({ kind: 'audio', voice: true }),
        claim({ kind: 'audio' }),
        claim({ kind: 'video', unavailable: 'look_up_without_link' }),
      ],
    });
    expect(media.map(({ state, reason }) => [state, reason])).toEqual([
      ['pending', null],
      ['pending', null],
      ['remote', null],
      ['unavailable', 'look_up_without_link'],
    ]);
    expect((await capturesAt(records, start)).map((job) => job.media.part).sort()).toEqual([0, 1]);
  });

  test(`${name}: what is fetched on arrival can be changed, for messages that come then`, async () => {
    const { records } = await open();
    const at = await home(records, { autoDownload: [] });
    expect((await at.receive()).media).toMatchObject([{ state: 'remote' }]);
    const set = { autoDownload: null };
    expect(await records.updateApp({ reach: at.reach, id: at.app.id, set })).toMatchObject(set);
    expect((await at.receive()).media).toMatchObject([{ state: 'pending' }]);
  });

  test(`${name}: a message waits only for the files that are fetched on arrival`, async () => {
    const { records } = await open();
    const at = await home(records, { autoDownload: ['image'] });
    await at.endpoint('held');
    await at.receive({ media: [claim({ kind: 'video' })] });
    expect(await told(records, start)).toEqual(['held message.received undefined']);
    await at.receive({ media: [claim({ kind: 'video' }), claim({ kind: 'image' })] });
    expect(await told(records, start)).toEqual([]);
    await endNext(records, start + second, { to: 'stored', file: file(at.app) });
    expect(await told(records, start + second)).toEqual(['held message.received undefined']);
  });

  test(`${name}: a file that a later copy brings stays with its carrier too, and is known`, async () => {
    const { records } = await open();
    const at = await home(records, { autoDownload: [] });
    const given = at.message({ kind: 'media_placeholder', media: [] });
    await records.accept([at.unit([given])]);
    const [outcome] = await records.accept([at.unit([{ ...given, kind: 'image', media: [claim()] }])]);
    expect(outcome).toMatchObject({ duplicates: 1, mediaAdded: 1 });
    const { rows } = await records.listMedia({ reach: at.reach, filter: { state: 'remote' }, page: firstPage });
    expect(rows).toHaveLength(1);
    expect(await capturesAt(records, start)).toEqual([]);
  });

  test(`${name}: a file that nobody asked for expires like any other`, async () => {
    const { records } = await open();
    const at = await home(records, { autoDownload: [] });
    const [media] = (await at.receive()).media;
    await sweepAll(records, start + 89 * day);
    expect((await records.mediaForLink({ id: media?.id ?? '' }))?.state).toBe('remote');
    await sweepAll(records, start + 91 * day);
    expect((await records.mediaForLink({ id: media?.id ?? '' }))?.state).toBe('expired');
  });

  test(`${name}: who asks for a file that is with its carrier has it fetched, and hears once`, async () => {
    const { records } = await open(speaking);
    const at = await home(records, { autoDownload: [] });
    await at.endpoint('asking');
    const id = await receiveTold(records, at);
    expect(await ask(records, at, id)).toMatchObject({ changed: true, row: { id, state: 'pending', stateAt: start } });
    expect(await told(records, start)).toEqual([]);
    await endNext(records, start, { to: 'stored', file: file(at.app) });
    expect(await told(records, start)).toEqual(['asking media.answered stored']);
    expect(await answers(records, at)).toBe(1);
  });

  test(`${name}: three who ask while a file is fetched share the fetch, and each is answered`, async () => {
    const { records } = await open(speaking);
    const at = await home(records);
    await at.endpoint('asking');
    await at.endpoint('plain');
    const id = await receiveTold(records, at);
    const moved = await Promise.all([ask(records, at, id), ask(records, at, id), ask(records, at, id)]);
    expect(moved.map((one) => one?.changed)).toEqual([true, true, true]);
    const jobs = await capturesAt(records, start);
    expect(jobs).toHaveLength(1);
    const [job] = jobs;
    if (job === undefined) throw new Error('no capture is due');
    await settle(records, job, start, { to: 'stored', file: file(at.app) });
    // Who speaks of answers is told three times and not once more; the other is told as always.
    expect(await told(records, start)).toEqual([
      'asking media.answered stored',
      'asking media.answered stored',
      'asking media.answered stored',
      'plain media.stored stored',
    ]);
    await ask(records, at, id);
    expect(await told(records, start)).toEqual(['asking media.answered stored']);
  });

  test(`${name}: an endpoint that chose not to hear answers is told that the file is here`, async () => {
    const { records } = await open(speaking);
    const at = await home(records);
    await at.endpoint('asking', ['message.received', 'media.stored']);
    const id = await receiveTold(records, at);
    await ask(records, at, id);
    await endNext(records, start, { to: 'stored', file: file(at.app) });
    expect(await told(records, start)).toEqual(['asking media.stored stored']);
  });

  test(`${name}: a fetch that fails for good answers as well, one that is tried again not yet`, async () => {
    const { records } = await open(speaking);
    const at = await home(records);
    await at.endpoint('asking');
    const id = await receiveTold(records, at);
    await ask(records, at, id);
    await endNext(records, start, retryAt(start + minute));
    expect(await answers(records, at)).toBe(0);
    await endNext(records, start + minute, { to: 'unavailable', reason: 'carrier_404' });
    expect(await told(records, start + minute)).toEqual(['asking media.answered unavailable']);
    // Asked again, it is fetched again: this time for that one alone.
    expect(await ask(records, at, id, start + hour)).toMatchObject({ changed: true, row: { state: 'pending' } });
    await endNext(records, start + hour, { to: 'stored', file: file(at.app) });
    expect(await told(records, start + hour)).toEqual(['asking media.answered stored']);
  });

  test(`${name}: who asks for a file that is gone hears so at once`, async () => {
    const { records } = await open(speaking);
    const at = await home(records);
    await at.endpoint('asking');
    const id = await receiveTold(records, at);
    await records.deleteMedia({ reach: at.reach, id, now: start });
    expect(await ask(records, at, id)).toMatchObject({ changed: false, row: { state: 'deleted' } });
    expect(await told(records, start)).toEqual(['asking media.answered deleted']);
    expect(await capturesAt(records, start)).toEqual([]);
    expect(await ask(records, at, 'med_none')).toBeUndefined();
    const stranger = await home(records);
    expect(await ask(records, stranger, id)).toBeUndefined();
  });

  test(`${name}: who waits for a file that is deleted meanwhile hears of it, each once`, async () => {
    const { records } = await open(speaking);
    const at = await home(records);
    await at.endpoint('asking');
    const id = await receiveTold(records, at);
    await ask(records, at, id);
    await ask(records, at, id);
    const [job] = await capturesAt(records, start);
    await records.deleteMedia({ reach: at.reach, id, now: start });
    expect(await told(records, start)).toEqual(['asking media.answered deleted', 'asking media.answered deleted']);
    if (job === undefined) throw new Error('no capture was due');
    await settle(records, job, start, { to: 'stored', file: file(at.app) });
    expect(await answers(records, at)).toBe(2);
  });

  test(`${name}: who waits for files of a channel that is destroyed hears of it, whatever the size of the sweep's steps`, async () => {
    const { records } = await open(speaking);
    const at = await home(records);
    await at.endpoint('asking');
    const { media } = await at.receive({ media: [claim(), claim()] });
    await told(records, start + hour);
    for (const { id } of media) await ask(records, at, id);
    await records.deleteChannel({ reach: everything, id: at.channel.id, now: start });
    await sweepAll(records, start, 1);
    expect(await told(records, start)).toEqual(['asking media.answered deleted', 'asking media.answered deleted']);
    // Who asks afterwards is answered at once.
    expect(await ask(records, at, media[0]?.id ?? '')).toMatchObject({ changed: false });
    expect(await told(records, start)).toEqual(['asking media.answered deleted']);
  });

  test(`${name}: a file whose object was lost is fetched for who asks then, and answered`, async () => {
    const { records } = await open(speaking);
    const at = await home(records);
    await at.endpoint('asking');
    const id = await receiveTold(records, at);
    const kept = file(at.app);
    await endNext(records, start, { to: 'stored', file: kept });
    await told(records, start);
    await records.loseBlob({ blob: kept.blob, reason: 'file_missing', now: start });
    await ask(records, at, id);
    await endNext(records, start, { to: 'stored', file: file(at.app) });
    expect(await told(records, start)).toEqual(['asking media.answered stored']);
  });

  test(`${name}: an answer is replayed as what it was, and the news of the file that it stood for is not missing`, async () => {
    const { records } = await open(speaking);
    const at = await home(records);
    const endpoint = await at.endpoint('asking');
    const id = await receiveTold(records, at);
    await ask(records, at, id);
    await endNext(records, start + second, { to: 'stored', file: file(at.app) });
    const [job] = await deliveriesAt(records, start + second);
    if (job === undefined) throw new Error('no answer is due');
    await settleDelivery(records, job, start + second, { to: 'dead', reason: 'gave_up' });
    const span = { reach: at.reach, appId: at.app.id, from: start - day, to: start + day, limit: 100, cursor: null };
    const replay = async (endpointId: string) =>
      await records.replayEvents({ ...span, endpointId, scope: 'missing', now: start });
    expect(await replay(endpoint.id)).toEqual({ queued: 1, next: null });
    expect(await told(records, start)).toEqual(['asking media.answered stored']);
    // One that was added later hears the message, which tells of the file as it is now, and the answer.
    const later = await at.endpoint('asking');
    expect(await replay(later.id)).toEqual({ queued: 2, next: null });
    expect(await told(records, start)).toEqual(['asking media.answered stored', 'asking message.received undefined']);
  });
}
