import { must } from '../form.ts';
import { type Check, offered, type Target } from '../target.ts';
import { call, error, expectAnswer, meta } from './forms.ts';

const settings = '/v1/settings/application';
const path = '/v1/users/login';

const basic = (name: string, password: string) => `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;

const login = (target: Target, authorization: string) =>
  call(target, 'POST', path, { key: null, headers: { authorization }, body: {} });

const moment = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\+00:00$/;

export const userChecks: readonly Check[] = [
  {
    name: 'without a token, and with a wrong one, the answer is 401 with the code 1005',
    needs: [],
    async run(target) {
      for (const key of [null, 'nobody']) {
        for (const [method, at] of [
          ['GET', settings],
          ['POST', '/v1/users/logout'],
        ] as const)
          await expectAnswer(call(target, method, at, { key }), 401, error(1005));
      }
    },
  },
  {
    name: 'name and password give a token for a week, and a logout ends it',
    needs: ['login', 'advance'],
    async run(target) {
      const { name, password } = offered(target, 'login');
      const made = await expectAnswer(login(target, basic(name, password)), 200, {
        users: [{ token: /./, expires_after: moment }],
        meta,
      });
      const [{ token, expires_after }] = (made as { users: [{ token: string; expires_after: string }] }).users;
      const days = (Date.parse(expires_after.replace(' ', 'T')) - Date.now()) / 86_400_000;
      must(days > 6.9, `the token ends at ${expires_after}`);
      must((await call(target, 'GET', settings, { key: token })).status === 200, 'the token does not work');
      await expectAnswer(call(target, 'POST', '/v1/users/logout', { key: token }), 200, { meta });
      // Who passed a moment ago may be remembered for a second.
      await offered(target, 'advance')(2_000);
      await expectAnswer(call(target, 'GET', settings, { key: token }), 401, error(1005));
    },
  },
  {
    name: 'a token ends after its week',
    needs: ['login', 'advance'],
    async run(target) {
      const { name, password } = offered(target, 'login');
      const { json } = await login(target, basic(name, password));
      const { token } = (json as { users: [{ token: string }] }).users[0];
      await offered(target, 'advance')(7 * 86_400_000 + 2_000);
      await expectAnswer(call(target, 'GET', settings, { key: token }), 401, error(1005));
    },
  },
  {
    name: 'a wrong password, an unknown name and a header that is none are refused alike',
    needs: ['login'],
    async run(target) {
      const { name, password } = offered(target, 'login');
      const wrong = [basic(name, `${password}x`), basic('nobody', password), 'Basic %', 'Basic', basic(name, '')];
      for (const authorization of wrong) await expectAnswer(login(target, authorization), 401, error(1005));
    },
  },
];
