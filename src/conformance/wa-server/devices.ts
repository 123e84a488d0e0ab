import { randomUUID } from 'node:crypto';
import { must } from '../form.ts';
import type { Check, Target } from '../target.ts';
import { call, device, error, expectAnswer } from './forms.ts';

type Device = { device_id: string; status: string };

async function make(target: Target, device_name: string, path = '/devices'): Promise<Device> {
  const { status, json, text } = await call(target, 'POST', path, { device_name });
  must(status === 200 || status === 201, `POST ${path} is answered with ${status}: ${text.slice(0, 500)}`);
  return json as Device;
}

const destroy = (target: Target, { device_id }: Device) => call(target, 'DELETE', `/devices/${device_id}`);
const newName = () => `conformance ${randomUUID()}`;

export const deviceChecks: readonly Check[] = [
  {
    name: 'a device that was made is listed and shown, and has no line yet',
    needs: [],
    async run(target) {
      for (const path of ['/devices', '/devices/deploy']) {
        const device_name = newName();
        const made = await make(target, device_name, path);
        must(made.status === 'qr_generated' || made.status === 'disconnected', `its status is ${made.status}`);
        const shown = call(target, 'GET', `/devices/${made.device_id}`);
        await expectAnswer(shown, 200, device({ device_id: made.device_id, device_name, linked_at: null }));
        const { json } = await call(target, 'GET', '/devices');
        const { devices } = json as { devices: Device[] };
        must(
          devices.some(({ device_id }) => device_id === made.device_id),
          'it is not in the list',
        );
        await destroy(target, made);
      }
    },
  },
  {
    name: 'a name belongs to one live device of the app',
    needs: [],
    async run(target) {
      const device_name = newName();
      const first = await make(target, device_name);
      await expectAnswer(call(target, 'POST', '/devices', { device_name }), 409, error('conflict'));
      await destroy(target, first);
      const second = await make(target, device_name);
      must(second.device_id !== first.device_id, 'the id of a destroyed device came back');
      await destroy(target, second);
    },
  },
  {
    name: 'a destroyed device is told as such for good',
    needs: [],
    async run(target) {
      const made = await make(target, newName());
      const { device_id } = made;
      await expectAnswer(destroy(target, made), 200, { device_id, status: 'destroyed' });
      const again = await Promise.all([destroy(target, made), call(target, 'GET', `/devices/${device_id}`)]);
      for (const answer of again) await expectAnswer(Promise.resolve(answer), 410, error('device_destroyed'));
      const { json } = await call(target, 'GET', '/devices');
      const { devices } = json as { devices: Device[] };
      must(!devices.some((one) => one.device_id === device_id), 'it is still in the list');
    },
  },
  {
    name: 'devices that do not exist are answered with 404, ids that are none with 400',
    needs: [],
    async run(target) {
      for (const method of ['GET', 'DELETE']) {
        await expectAnswer(call(target, method, `/devices/${randomUUID()}`), 404, error('not_found'));
        await expectAnswer(call(target, method, '/devices/front-desk'), 400, error('validation_error', 'device_id'));
      }
    },
  },
  {
    name: 'a device needs a name',
    needs: [],
    async run(target) {
      for (const body of [{}, { device_name: '' }, { device_name: 7 }])
        await expectAnswer(call(target, 'POST', '/devices', body), 400, error('validation_error', 'device_name'));
    },
  },
];
