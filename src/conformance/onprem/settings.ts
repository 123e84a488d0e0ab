import { type Form, maybe, must, mustFit } from '../form.ts';
import type { Check } from '../target.ts';
import { call, error, expectAnswer, meta } from './forms.ts';
import { allKinds, application } from './listening.ts';

const path = '/v1/settings/application';
const anything = () => true;
const flag = (value: unknown) => typeof value === 'boolean';
const whole = (value: unknown) => Number.isInteger(value);
const kinds = (value: unknown) => Array.isArray(value) && value.every((kind) => allKinds.includes(kind));

/** Members that are always shown; others of the vendor's page may be. */
const shown: { [name: string]: Form } = {
  callback_backoff_delay_ms: whole,
  max_callback_backoff_delay_ms: whole,
  callback_persist: flag,
  media: { auto_download: kinds },
  webhooks: maybe({ url: maybe(/^https?:/), max_concurrent_requests: maybe(whole), message: maybe(anything) }),
};
const others = [
  'garbagecollector_enable',
  'heartbeat_interval',
  'unhealthy_interval',
  'notify_user_change_number',
  'show_security_notifications',
  'verbose_logging',
  'log_level',
  'wa_id',
  'pass_through',
  'sent_status',
];
const settings: Form = {
  settings: { application: { ...Object.fromEntries(others.map((name) => [name, maybe(anything)])), ...shown } },
  meta,
};

export const settingsChecks: readonly Check[] = [
  {
    name: 'a change touches only what it names',
    needs: [],
    async run(target) {
      const { json } = await call(target, 'GET', path);
      mustFit(json, settings);
      const before = await application(target);
      const waits = { callback_backoff_delay_ms: 5_000, max_callback_backoff_delay_ms: 60_000 };
      await call(target, 'PATCH', path, { body: waits });
      mustFit(await application(target), { ...(before as Form & object), ...waits });
      await call(target, 'PATCH', path, { body: { callback_backoff_delay_ms: '3000', media: { auto_download: [] } } });
      const after = { ...waits, callback_backoff_delay_ms: 3_000, media: { auto_download: [] } };
      mustFit(await application(target), { ...(before as Form & object), ...after });
      const { media, ...rest } = before;
      await call(target, 'PATCH', path, { body: { media, ...('callback_backoff_delay_ms' in rest && waitsIn(rest)) } });
      mustFit(await application(target), before as Form);
    },
  },
  {
    name: 'a wrong value is refused by its code, and nothing is changed',
    needs: [],
    async run(target) {
      const before = await application(target);
      for (const body of [
        { media: { auto_download: ['hologram'] } },
        { callback_persist: 'perhaps' },
        { webhooks: { url: 'not an address' }, callback_persist: false },
        '{"media":',
      ])
        await expectAnswer(call(target, 'PATCH', path, { body }), 400, error(1009));
      mustFit(await application(target), before as Form);
    },
  },
  {
    name: 'a reset puts everything back: all kinds are fetched, and callbacks go nowhere',
    needs: [],
    async run(target) {
      const before = await application(target);
      await call(target, 'PATCH', path, { body: { callback_persist: false, media: { auto_download: ['image'] } } });
      const { status } = await call(target, 'DELETE', path);
      must(status === 200, `it is answered with ${status}`);
      const { json } = await call(target, 'GET', path);
      mustFit(json, settings);
      const { media, webhooks, ...rest } = await application(target);
      must(webhooks?.url === undefined, 'callbacks still go somewhere');
      must(media?.auto_download?.length === allKinds.length, 'not all kinds are fetched');
      must('callback_persist' in rest && rest['callback_persist'] === true, 'callback_persist was not put back');
      await call(target, 'PATCH', path, {
        body: { media: before.media, webhooks: { url: before.webhooks?.url ?? null } },
      });
    },
  },
];

const waitsIn = ({ callback_backoff_delay_ms, max_callback_backoff_delay_ms }: { [name: string]: unknown }) => ({
  callback_backoff_delay_ms,
  max_callback_backoff_delay_ms,
});
