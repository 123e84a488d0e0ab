import { must } from '../form.ts';
import { type Check, offered } from '../target.ts';
import { app, appKey, call, error, expectAnswer, organization } from './forms.ts';

const path = '/v1/organization';

export const organizationChecks: readonly Check[] = [
  {
    name: 'an organization reads and sets how long media is kept',
    needs: ['organizationKey'],
    async run(target) {
      const key = offered(target, 'organizationKey');
      const isDays = (days: unknown) => Number.isInteger(days);
      const before = await expectAnswer(call(target, 'GET', path, undefined, key), 200, organization(isDays));
      for (const mediaRetentionDays of [3650, 30]) {
        const set = call(target, 'PUT', path, { mediaRetentionDays }, key);
        await expectAnswer(set, 200, organization(mediaRetentionDays));
        await expectAnswer(call(target, 'GET', path, undefined, key), 200, organization(mediaRetentionDays));
      }
      const { mediaRetentionDays } = before as { mediaRetentionDays: number };
      await expectAnswer(call(target, 'PUT', path, { mediaRetentionDays }, key), 200, organization(mediaRetentionDays));
    },
  },
  {
    name: 'days out of range, in parts or missing are refused by name',
    needs: ['organizationKey'],
    async run(target) {
      const refused = error('invalid_request_error', { param: 'mediaRetentionDays' });
      for (const mediaRetentionDays of [0, 3651, 1.5, '30', null, undefined]) {
        const asked = call(target, 'PUT', path, { mediaRetentionDays }, offered(target, 'organizationKey'));
        await expectAnswer(asked, 400, refused);
      }
    },
  },
  {
    name: "an app's key is refused at the organization's addresses",
    needs: [],
    async run(target) {
      const refused = error('authentication_error');
      await expectAnswer(call(target, 'GET', path), 403, refused);
      await expectAnswer(call(target, 'PUT', path, { mediaRetentionDays: 1 }), 403, refused);
      await expectAnswer(call(target, 'GET', `${path}/apps`), 403, refused);
    },
  },
  {
    name: 'an organization makes apps and keys, live and test, and the keys work',
    needs: ['organizationKey'],
    async run(target) {
      const key = offered(target, 'organizationKey');
      const order = { slug: 'conformance', name: 'Conformance' };
      const made = await expectAnswer(call(target, 'POST', `${path}/apps`, order, key), 201, app(order.name));
      const { id } = made as { id: string };
      const list = await call(target, 'GET', `${path}/apps`, undefined, key);
      must(list.status === 200 && list.text.includes(id), `the list does not name ${id}`);
      for (const mode of ['live', 'test'] as const) {
        const appId = mode === 'test' ? id.replace('app_', 'app_test_') : id;
        const asked = call(target, 'POST', `${path}/app-keys`, { name: 'CI', appId }, key);
        const { key: secret } = (await expectAnswer(asked, 201, appKey('CI', mode))) as { key: string };
        const tried = await call(target, 'GET', '/v1/webhooks', undefined, secret);
        must(tried.status === 200, `the new key is answered with ${tried.status}`);
      }
      const unknown = { name: 'CI', appId: 'app_2nXmQ0pVb7cTzK4dR9sWy1LgHfA' };
      const asked = call(target, 'POST', `${path}/app-keys`, unknown, key);
      await expectAnswer(asked, 404, error('invalid_request_error'));
    },
  },
];
