import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { InboundMessage } from '../../../src/core/carrier.ts';
import {
  capturesAt,
  claim,
  eventsOf,
  everything,
  firstPage,
  home,
  message,
  minute,
  newChannel,
  type Open,
  start,
} from './rig.ts';

export function acceptingClaims(name: string, open: Open): void {
  test(`${name}: one request makes its journal row, message, media, event, delivery and jobs true together`, async () => {
    const { records } = await open();
    const at = await home(records);
    const endpoint = await at.endpoint('prompt');
    const given = at.message({ text: 'look', media: [claim({ caption: 'look', fileName: 'a.jpg' })] });
    const [outcome] = await records.accept([at.unit([given], { statuses: 2, notices: 1 })]);

    expect(outcome).toMatchObject({ created: 1, duplicates: 0, mediaAdded: 0, unrouted: 0, unparsed: 0 });
    const entry = await records.journalEntry({ id: outcome?.journalId ?? '' });
    expect(entry).toMatchObject({ connectionId: at.connection.id, messages: 1, statuses: 2, notices: 1, bytes: 7 });
    expect(Buffer.from(entry?.body ?? []).toString()).toBe('{"a":1}');
    const { rows } = await records.listMessages({ reach: at.reach, filter: {}, page: firstPage });
    expect(rows).toMatchObject([
      { carrierMessageId: given.carrierMessageId, text: 'look', channelId: at.channel.id, carrier: 'toy' },
    ]);
    expect(rows[0]?.media).toMatchObject([{ state: 'pending', caption: 'look', fileName: 'a.jpg', part: 0 }]);
    expect(await eventsOf(records, at.reach)).toEqual(['message.received']);
    const { rows: deliveries } = await records.listDeliveries({ reach: at.reach, filter: {}, page: firstPage });
    expect(deliveries).toMatchObject([
      { endpointId: endpoint.id, messageId: rows[0]?.id, state: 'pending', dueAt: start, part: 0 },
    ]);
    expect(await capturesAt(records, start)).toMatchObject([
      { attempt: 1, failures: 0, media: { id: rows[0]?.media[0]?.id } },
    ]);
  });

  test(`${name}: accepting tells for which work it left something to do at once`, async () => {
    const { records } = await open();
    const at = await home(records);
    const readyBy = async (...messages: InboundMessage[]) =>
      (await records.accept([at.unit(messages)])).flatMap(({ ready }) => ready.toSorted());
    const held = at.message();
    expect(await readyBy(held)).toEqual(['capture']);
    await at.endpoint('held');
    expect(await readyBy(at.message())).toEqual(['capture']);
    expect(await readyBy(at.message({ media: [] }))).toEqual(['deliver']);
    expect(await readyBy(at.message(), at.message({ media: [] }))).toEqual(['capture', 'deliver']);
    expect(await readyBy(held)).toEqual([]);
    expect(await readyBy({ ...held, media: [...held.media, claim()] })).toEqual(['capture']);
    // Of requests that share a commit, each tells its own.
    const units = [at.unit([at.message({ media: [] })]), at.unit([held]), at.unit([at.message()])];
    expect((await records.accept(units)).map(({ ready }) => ready)).toEqual([['deliver'], [], ['capture']]);
    await at.endpoint('prompt');
    expect(await readyBy(at.message())).toEqual(['capture', 'deliver']);
  });

  test(`${name}: fifty copies that arrive at once make one message`, async () => {
    const { records } = await open();
    const at = await home(records);
    await at.endpoint();
    const given = at.message();
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => records.accept([at.unit([given])])));
    const created = outcomes.flat().map((outcome) => outcome.created);
    expect(created.filter((count) => count === 1)).toHaveLength(1);
    expect(outcomes.flat().reduce((sum, outcome) => sum + outcome.duplicates, 0)).toBe(49);
    expect((await records.listMessages({ reach: at.reach, filter: {}, page: firstPage })).rows).toHaveLength(1);
    expect(await eventsOf(records, at.reach)).toEqual(['message.received']);
    expect(await capturesAt(records, start)).toHaveLength(1);
    expect((await records.listJournal({ page: firstPage })).rows).toHaveLength(50);
  });

  test(`${name}: outcomes come in the order of the units, whatever their dedupe keys`, async () => {
    const { records } = await open();
    const at = await home(records);
    const units = ['z', 'a', 'm'].map((key) => at.unit([at.message({ dedupeKey: key })]));
    const [first] = units;
    await records.accept(first ? [first] : []);
    const outcomes = await records.accept(units);
    expect(outcomes.map((outcome) => outcome.created)).toEqual([0, 1, 1]);
  });

  test(`${name}: the same dedupe key on two channels makes two messages`, async () => {
    const { records } = await open();
    const at = await home(records);
    const second = await newChannel(records, at.app, at.connection);
    const messages = [at.channel, second].map(({ address }) => message({ address, dedupeKey: 'same' }));
    const [outcome] = await records.accept([at.unit(messages)]);
    expect(outcome).toMatchObject({ created: 2, duplicates: 0 });
  });

  test(`${name}: what no channel claims is unrouted and does not touch its siblings`, async () => {
    const { records } = await open();
    const at = await home(records);
    const [outcome] = await records.accept([at.unit([message({ address: 'elsewhere' }), at.message()])]);
    expect(outcome).toMatchObject({ created: 1, unrouted: 1 });
    const { rows } = await records.listJournal({ only: 'unrouted', page: firstPage });
    expect(rows).toMatchObject([
      { id: outcome?.journalId, messages: 1, unrouted: 1, problems: ['unrouted: elsewhere'] },
    ]);
    expect((await records.backlog({ now: start })).journal).toEqual({ unrouted: 1, unparsed: 0 });
  });

  test(`${name}: a destroyed channel, a deleted app and another connection claim nothing`, async () => {
    const { records } = await open();
    const [destroyed, deleted, other] = [await home(records), await home(records), await home(records)];
    await records.deleteChannel({ reach: everything, id: destroyed.channel.id, now: start });
    await records.deleteApp({ reach: everything, id: deleted.app.id, now: start });
    const outcomes = await records.accept([
      destroyed.unit([destroyed.message()]),
      deleted.unit([deleted.message()]),
      destroyed.unit([other.message()]),
    ]);
    expect(outcomes.map(({ created, unrouted }) => ({ created, unrouted }))).toEqual(
      Array(3).fill({ created: 0, unrouted: 1 }),
    );
  });

  test(`${name}: a paused channel still accepts`, async () => {
    const { records } = await open();
    const at = await home(records);
    await at.receive();
    const [job] = await capturesAt(records, start);
    if (job === undefined) throw new Error('no job');
    const move = { to: 'paused', reason: 'carrier_190', probeAt: start + minute } as const;
    const result = { to: 'retry', at: start, reason: 'carrier_190', counts: false, memo: null } as const;
    await records.settleCaptures([{ job: job.job, attempt: job.attempt, at: start, result, channel: move }]);
    const [outcome] = await records.accept([at.unit([at.message()])]);
    expect(outcome?.created).toBe(1);
  });

  test(`${name}: a request that tells nothing is journaled`, async () => {
    const { records } = await open();
    const at = await home(records);
    const [outcome] = await records.accept([at.unit([], { unparsed: ['not JSON'] })]);
    expect(outcome).toMatchObject({ created: 0, unparsed: 1 });
    const { rows } = await records.listJournal({ only: 'unparsed', page: firstPage });
    expect(rows).toMatchObject([{ unparsed: 1, problems: ['not JSON'] }]);
    expect((await records.listJournal({ only: 'unrouted', page: firstPage })).rows).toEqual([]);
  });

  test(`${name}: a duplicate adds the media that the message did not have, as the next free part`, async () => {
    const { records } = await open();
    const at = await home(records);
    const [one, two, three] = [claim(), claim(), claim()];
    const given = at.message({ media: [one] });
    await records.accept([at.unit([given])]);
    const [outcome] = await records.accept([at.unit([{ ...given, media: [two, one, three] }])]);
    expect(outcome).toMatchObject({ created: 0, duplicates: 1, mediaAdded: 2 });
    const { rows } = await records.listMessages({ reach: at.reach, filter: {}, page: firstPage });
    const ids = rows[0]?.media.map((media) => media.carrierMediaId);
    expect(ids).toEqual([one, two, three].map((media) => media.carrierMediaId));
    expect(await eventsOf(records, at.reach)).toEqual(['message.received']);
    expect(await capturesAt(records, start)).toHaveLength(3);
  });

  test(`${name}: media that a later copy adds and that cannot be had is told, once`, async () => {
    const { records } = await open();
    const at = await home(records);
    const given = at.message({ media: [] });
    await records.accept([at.unit([given])]);
    const lost = claim({ carrierMediaId: null, unavailable: 'carrier_131052' });
    const copy = at.unit([{ ...given, media: [lost] }]);
    await records.accept([copy, copy]);
    expect(await eventsOf(records, at.reach)).toEqual(['message.received', 'media.unavailable']);
  });

  test(`${name}: a duplicate does not bring back media that was deleted`, async () => {
    const { records } = await open();
    const at = await home(records);
    const given = at.message();
    await records.accept([at.unit([given])]);
    const { rows } = await records.listMedia({ reach: at.reach, filter: {}, page: firstPage });
    await records.deleteMedia({ reach: at.reach, id: rows[0]?.id ?? '', now: start });
    const [outcome] = await records.accept([at.unit([given])]);
    expect(outcome).toMatchObject({ duplicates: 1, mediaAdded: 0 });
  });

  test(`${name}: media without an id of the carrier is known by its place`, async () => {
    const { records } = await open();
    const at = await home(records);
    const nameless = claim({ carrierMediaId: null });
    const given = at.message({ media: [nameless] });
    await records.accept([at.unit([given])]);
    const [same, more] = await records.accept([at.unit([given]), at.unit([{ ...given, media: [nameless, nameless] }])]);
    expect([same?.mediaAdded, more?.mediaAdded]).toEqual([0, 1]);
  });

  test(`${name}: a placeholder takes the body and the media of the copy that has them, and only once`, async () => {
    const { records } = await open();
    const at = await home(records);
    const bare = at.message({ kind: 'media_placeholder', media: [] });
    await records.accept([at.unit([bare])]);
    await records.accept([at.unit([{ ...bare, kind: 'image', text: 'now here', media: [claim()] }])]);
    await records.accept([at.unit([{ ...bare, kind: 'text', text: 'never' }])]);
    const { rows } = await records.listMessages({ reach: at.reach, filter: {}, page: firstPage });
    expect(rows).toMatchObject([{ kind: 'image', text: 'now here', media: [{ state: 'pending' }] }]);
  });

  test(`${name}: what the carrier says cannot be had is unavailable at once, without a job`, async () => {
    const { records } = await open();
    const at = await home(records);
    await at.endpoint('held');
    const stored = await at.receive({ media: [claim({ unavailable: 'carrier_131052' })] });
    expect(stored.media).toMatchObject([{ state: 'unavailable', reason: 'carrier_131052', stateAt: start }]);
    expect(await capturesAt(records, start)).toEqual([]);
    const { rows } = await records.listDeliveries({ reach: at.reach, filter: {}, page: firstPage });
    expect(rows).toMatchObject([{ dueAt: start }]);
  });

  test(`${name}: an echo is told as an echo`, async () => {
    const { records } = await open();
    const at = await home(records);
    const stored = await at.receive({ direction: 'echo', origin: 'history' });
    expect(stored).toMatchObject({ direction: 'echo', origin: 'history' });
    expect(await eventsOf(records, at.reach)).toEqual(['message.echoed']);
  });

  test(`${name}: a counterpart is one contact under all its identities, with its latest name`, async () => {
    const { records } = await open();
    const at = await home(records);
    const phone = { kind: 'phone', value: '393330001' } as const;
    const user = { kind: 'user_id', value: 'IT.1' } as const;
    const first = await at.receive({ identities: [phone], name: 'Ada' });
    const both = await at.receive({ identities: [user, phone], name: 'Ada L.' });
    const unnamed = await at.receive({ identities: [user], name: null });
    const other = await at.receive({ identities: [{ ...phone, value: '39444' }], name: null });
    expect(new Set([first, both, unnamed].map((row) => row.contact?.id)).size).toBe(1);
    expect(new Set([first, both, unnamed].map((row) => row.conversationId)).size).toBe(1);
    expect(unnamed.contact).toMatchObject({ name: 'Ada L.', identities: [phone, user] });
    expect(other.contact).toMatchObject({ name: null, identities: [{ value: '39444' }] });
    expect(other.contact?.id).not.toBe(first.contact?.id);
    // In one commit, and back to what it was before.
    await records.accept(
      ['Ada B.', 'Ada L.'].map((name) => at.unit([at.message({ identities: [phone], name, media: [] })])),
    );
    expect((await at.receive({ identities: [phone], name: null })).contact?.name).toBe('Ada L.');
  });

  test(`${name}: a group is one conversation; without counterpart and group there is none`, async () => {
    const { records } = await open();
    const at = await home(records);
    const [one, two] = ['1', '2'].map((value) => ({ groupId: 'g', identities: [{ kind: 'phone', value }] as const }));
    const first = await at.receive({ groupId: 'g', identities: [...(one?.identities ?? [])] });
    const second = await at.receive({ groupId: 'g', identities: [...(two?.identities ?? [])] });
    const nobody = await at.receive({ identities: [], name: null });
    expect(first.groupId).toBe('g');
    expect(second.conversationId).toBe(first.conversationId);
    expect(second.contact?.id).not.toBe(first.contact?.id);
    expect(nobody).toMatchObject({ contact: null, conversationId: null });
    const { rows } = await records.listMessages({
      reach: at.reach,
      filter: first.conversationId === null ? {} : { conversationId: first.conversationId },
      page: firstPage,
    });
    expect(rows.map((row) => row.id)).toEqual([second.id, first.id]);
  });

  test(`${name}: whatever strangers write comes back as it was`, async () => {
    const { records } = await open();
    const at = await home(records);
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('\u0000', '\ud800', 'a\udc00b', '👩‍🦰', '', "'; DROP"),
    );
    const object = fc.dictionary(text, fc.oneof(text, fc.maxSafeInteger(), fc.constant(null), fc.boolean()));
    const whole = fc.oneof(fc.nat({ max: Number.MAX_SAFE_INTEGER }), fc.constant(Number.MAX_SAFE_INTEGER));
    const any = fc.record({
      text,
      name: text,
      kind: text,
      caption: text,
      fileName: text,
      object,
      size: whole,
      voice: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(any, async ({ text, name, kind, caption, fileName, object, size, voice }) => {
        const media = [
          claim({ caption, fileName, declaredType: text, declaredSize: size, voice, source: { ...object } }),
        ];
        const said = { text, kind, content: { ...object }, context: null, raw: { ...object }, errors: [{ ...object }] };
        const identities = [{ kind: 'phone' as const, value: '1' }];
        const stored = await at.receive({ ...said, name, identities, sentAt: size, media });
        expect(stored).toMatchObject({ ...said, sentAt: size, contact: { name } });
        expect(stored.media).toMatchObject([
          { caption, fileName, declaredType: text, declaredSize: size, voice, source: { ...object } },
        ]);
      }),
      { numRuns: 60 },
    );
  });

  test(`${name}: the bytes and headers of a request come back as they were`, async () => {
    const { records } = await open();
    const at = await home(records);
    const body = Uint8Array.from({ length: 300_000 }, (_, at) => at % 256);
    const headers = { 'x-odd': '\u0000é\ud83d' };
    const [outcome] = await records.accept([at.unit([], { body, headers, verified: false })]);
    const entry = await records.journalEntry({ id: outcome?.journalId ?? '' });
    expect(entry?.headers).toEqual(headers);
    expect(Buffer.compare(Buffer.from(entry?.body ?? []), body)).toBe(0);
    expect(body).toHaveLength(300_000);
    expect(await records.journalEntry({ id: 'req_none' })).toBeUndefined();
  });
}
